import { COUNTER, type Device, type Outgoing, type Tally } from '../device/mod.js';
import type { Certificate, FieldSession } from '../field-clients/session.js';
import type { ShardDevices } from './shard-devices.js';

/**
 * Births and farewells of a shard's devices that behave as field clients do. They are published and counted as
 * other messages are; no deliveries are expected of them, for who hears them depends on who is there already.
 */
export class Births {
  readonly #sessions: readonly (FieldSession | undefined)[];
  readonly #placement: ShardDevices;
  readonly #tally: Tally;
  readonly #nowUs: () => number;
  /** Births sent on the connection that lasts. */
  readonly #born: Uint16Array;

  /** @param sessions by group; undefined for those without a behaviour */
  constructor(
    sessions: readonly (FieldSession | undefined)[],
    placement: ShardDevices,
    tally: Tally,
    nowUs: () => number,
  ) {
    this.#sessions = sessions;
    this.#placement = placement;
    this.#tally = tally;
    this.#nowUs = nowUs;
    this.#born = new Uint16Array(placement.count);
  }

  connecting(local: number): void {
    this.#born[local] = 0;
    this.#session(local)?.connecting(this.#placement.indexInGroup(local));
  }

  /** Sends the births that are still to be sent. False while there is no room for all of them. */
  announce(local: number, device: Device): boolean {
    const session = this.#session(local);
    if (session === undefined) return true;
    const index = this.#placement.indexInGroup(local);
    while (this.#born[local]! < session.birthCount) {
      const birth = session.birth(index, this.#born[local]!);
      if (!this.#publish(birth, device)) {
        device.flush();
        return false;
      }
      session.sent(index);
      this.#born[local] = this.#born[local]! + 1;
    }
    device.flush();
    return true;
  }

  /** No data before the births. */
  isUnborn(local: number): boolean {
    const session = this.#session(local);
    return session !== undefined && this.#born[local]! < session.birthCount;
  }

  farewell(local: number, device: Device): void {
    const session = this.#session(local);
    if (session === undefined) return;
    this.#publish(session.farewell(this.#placement.indexInGroup(local)), device);
    device.flush();
  }

  #session(local: number): FieldSession | undefined {
    return this.#sessions[this.#placement.group(local)];
  }

  #publish({ topic, payload, qos }: Certificate, device: Device): boolean {
    const name = Buffer.from(topic);
    const message: Outgoing = {
      topic: name,
      topicStart: 0,
      topicEnd: name.length,
      payload,
      timed: false,
      qos,
      retain: false,
      sender: 0,
    };
    if (!device.publish(message, 0, this.#nowUs())) return false;
    this.#tally.count(COUNTER.publishesScheduled);
    return true;
  }
}
