import type { DeviceIdentity } from '../device/mod.js';
import {
  compileTemplate,
  type Group,
  type Scenario,
  type Template,
  type TemplateValues,
} from '../scenario/mod.js';

/** Renders what the devices of one group are called: client id, credentials, filters. */
export class GroupIdentities {
  readonly group: Group;
  readonly #clientId: Template;
  readonly #username: Template;
  readonly #password: Template;
  readonly #willTopic: Template;
  readonly #willPayload: Template;
  readonly #filters: readonly { filter: Template; qos: 0 | 1 | 2 }[];
  readonly #values: TemplateValues;

  /** @param runHex what `{run}` stands for */
  constructor(scenario: Scenario, group: Group, runHex: string) {
    this.group = group;
    this.#clientId = compileTemplate(group.clientId);
    this.#username = compileTemplate(group.username ?? '');
    this.#password = compileTemplate(group.password ?? '');
    this.#willTopic = compileTemplate(group.will?.topic ?? '');
    this.#willPayload = compileTemplate(group.will?.payload ?? '');
    this.#filters = group.subscribe.map(({ filter, qos }) => ({
      filter: compileTemplate(filter),
      qos,
    }));
    this.#values = {
      run: runHex,
      group: group.name,
      number: 0,
      clientId: '',
      username: '',
      message: 0,
      seed: scenario.seed,
      sender: 0,
    };
  }

  /** The values of the device with this index in the group; the object is reused. */
  values(indexInGroup: number): TemplateValues {
    const values = this.#values;
    values.number = this.group.startNumber + indexInGroup;
    // Either may refer to the other, never both (the scenario's checks see to it).
    values.clientId = '';
    values.username = this.#username.uses('c') ? '' : this.#username.render(values);
    values.clientId = this.#clientId.render(values);
    if (this.#username.uses('c')) values.username = this.#username.render(values);
    return values;
  }

  identity(indexInGroup: number, host: string, port: number): DeviceIdentity {
    const values = this.values(indexInGroup);
    return {
      host,
      port,
      clientId: values.clientId,
      ...(this.group.username === undefined ? {} : { username: values.username }),
      ...(this.group.password === undefined ? {} : { password: this.#password.render(values) }),
      ...this.#will(values),
      filters: this.#filters.map(({ filter, qos }) => ({ filter: filter.render(values), qos })),
    };
  }

  #will(values: TemplateValues): Pick<DeviceIdentity, 'will'> {
    const { will, protocol } = this.group;
    if (will === undefined) return {};
    const delaySeconds = will.delayUs / 1_000_000;
    return {
      will: {
        topic: this.#willTopic.render(values),
        payload: Buffer.from(this.#willPayload.render(values)),
        qos: will.qos,
        retain: will.retain,
        ...(protocol === 5 && delaySeconds > 0
          ? { properties: { willDelayInterval: delaySeconds } }
          : {}),
      },
    };
  }
}
