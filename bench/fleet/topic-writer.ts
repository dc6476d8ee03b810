import { DeviceText } from '../scenario/device-text.js';
import { connectionOf } from '../scenario/gateways.js';
import type { Group } from '../scenario/schema.js';
import type { Template } from '../scenario/template.js';

/** Digits of the largest device number. */
const MOST_DIGITS = 16;
const ZERO = 0x30;

/**
 * Writes the topics of a group's devices into one buffer, each when its message is sent. Ten million
 * devices that publish every quarter of an hour need not keep their topics, and nothing is allocated.
 */
export class TopicWriter {
  /** Holds the topic that was written last, from its front. */
  readonly bytes: Uint8Array;
  readonly #group: Group;
  /** Number, text, number, text … behind the first text, which stays where it is. */
  readonly #pieces: readonly Uint8Array[];
  readonly #isOfConnection: readonly boolean[];

  private constructor(group: Group, text: DeviceText) {
    this.#group = group;
    this.#pieces = text.pieces.map((piece) => new TextEncoder().encode(piece));
    this.#isOfConnection = text.holes.map((hole) => hole === 'connection');
    const fixed = this.#pieces.reduce((sum, { length }) => sum + length, 0);
    this.bytes = new Uint8Array(fixed + text.holes.length * MOST_DIGITS);
    this.bytes.set(this.#pieces[0]!);
  }

  /** undefined where the topic does not follow from the device's number alone. */
  static of(topic: Template, group: Group, runHex: string): TopicWriter | undefined {
    const isInFile = group.credentials !== undefined && (topic.uses('c') || topic.uses('u'));
    if (!topic.isStatic || isInFile) return undefined;
    return new TopicWriter(group, DeviceText.of(topic.source, group, runHex));
  }

  /** Returns where the topic ends. */
  write(indexInGroup: number): number {
    const { startNumber } = this.#group;
    let end = this.#pieces[0]!.length;
    for (let k = 0; k < this.#isOfConnection.length; k++) {
      const index = this.#isOfConnection[k]
        ? connectionOf(this.#group, indexInGroup)
        : indexInGroup;
      end = this.#writeNumber(end, startNumber + index);
      const piece = this.#pieces[k + 1]!;
      this.bytes.set(piece, end);
      end += piece.length;
    }
    return end;
  }

  #writeNumber(at: number, number: number): number {
    let digits = 1;
    for (let power = 10; power <= number; power *= 10) digits++;
    let rest = number;
    for (let place = at + digits - 1; place >= at; place--) {
      const tenth = Math.floor(rest / 10);
      this.bytes[place] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    return at + digits;
  }
}
