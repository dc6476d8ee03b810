import type { Credentials } from './credentials.js';
import { connectionOf } from './gateways.js';
import type { Group } from './schema.js';
import { compileTemplate, type Template, type TemplateValues } from './template.js';

/**
 * Who each device of a group is, and each connection: the values that topics, filters and payloads are made of,
 * and what a connection says of itself. Client id and user name are the connection's, the number is the device's;
 * in the texts of the connection both numbers are the connection's.
 */
export class GroupIdentity {
  readonly #group: Group;
  readonly #run: string;
  readonly #seed: number;
  readonly #clientId: Template;
  readonly #username: Template;
  readonly #credentials: readonly Credentials[] | undefined;

  /**
   * `run`: what `{run}` stands for; `seed`: the scenario's, for `%rand_N`; `credentials`: the rows of the
   * group's file, if it has one.
   */
  constructor(group: Group, run: string, seed: number, credentials?: readonly Credentials[]) {
    this.#credentials = credentials;
    this.#group = group;
    this.#run = run;
    this.#seed = seed;
    this.#clientId = compileTemplate(group.clientId);
    this.#username = compileTemplate(group.username ?? '');
  }

  /**
   * A fresh object, the caller's to keep and to change (`message`) from message to message.
   * @param index of the device in its group, from 0
   * @param sender slot of the stream it is for; matters to `%rand_N`, `%UNIQUE%` and `%RANDOM%`
   */
  valuesOf(index: number, sender: number): TemplateValues {
    const connection = connectionOf(this.#group, index);
    const values = this.#valuesOf(connection, sender);
    values.number = this.#group.startNumber + index;
    return values;
  }

  /** Of a connection: what its client id, credentials, will and certificate are made of. */
  valuesOfConnection(connection: number): TemplateValues {
    return this.#valuesOf(connection, 0);
  }

  #valuesOf(connection: number, sender: number): TemplateValues {
    const number = this.#group.startNumber + connection;
    const values: TemplateValues = {
      run: this.#run,
      group: this.#group.name,
      number,
      gateway: number,
      clientId: '',
      username: '',
      message: 1,
      seed: this.#seed,
      sender,
    };
    // One of the two may stand in the other, never both (the scenario's checks refuse that).
    if (this.#clientId.uses('u')) values.username = this.#username.render(values);
    values.clientId = this.#clientId.render(values);
    values.username = this.#usernameOf(values, connection);
    const row = this.#credentials?.[connection];
    if (row?.clientId !== undefined) values.clientId = row.clientId;
    if (row?.username !== undefined) values.username = row.username;
    return values;
  }

  /** `%rand_N` in it is drawn once for a connection, whatever stream asks: apart from messages, which count from 1. */
  #usernameOf(values: TemplateValues, connection: number): string {
    if (!this.#username.uses('rand')) return this.#username.render(values);
    return this.#username.render({ ...values, sender: connection, message: 0 });
  }

  /** The password that the connection's row has. */
  passwordOf(connection: number): string | undefined {
    return this.#credentials?.[connection]?.password;
  }
}
