import { DeviceText, type Hole } from './device-text.js';

/** No device's filter matches. */
export const NONE = -1;
/** Every device's filter matches. */
export const EVERY = -2;

type Level =
  | { readonly kind: 'one' } // +
  | { readonly kind: 'rest' } // #
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'hole'; readonly text: DeviceText };

/**
 * The filters of all devices of a group as one pattern: given a topic, it says which device's
 * filter matches it, without going through the devices. A level that holds the device number
 * matches at most one device, since the topic's level spells it out; so the answer is no device,
 * one device, or (no level holds the number) every device. Where only the number of a connection stands in
 * the filter, its first device is the answer for all of its devices.
 */
export class FilterPattern {
  readonly #levels: readonly Level[];
  readonly #filter: DeviceText;

  constructor(filter: DeviceText) {
    this.#filter = filter;
    this.#levels = splitLevels(filter).map(level);
  }

  /** All devices of a connection match the same topics. */
  get isOfConnection(): boolean {
    return this.#filter.isOfConnection;
  }

  /** NONE, EVERY, or the number of the one device. `topic`: its levels, split at `/`. */
  match(topic: readonly string[]): number {
    const levels = this.#levels;
    let device = EVERY;
    // The device itself is known, not only its connection.
    let isExact = false;
    for (let k = 0; k < levels.length; k++) {
      const level = levels[k]!;
      const here = topic[k];
      // Wildcards at the front do not reach topics that begin with $ [MQTT-4.7.2-1].
      if (k === 0 && level.kind !== 'text' && level.kind !== 'hole' && here![0] === '$')
        return NONE;
      if (level.kind === 'rest') return device; // the parent level too (MQTT 5, 4.7.1.2)
      if (here === undefined) return NONE;
      if (level.kind === 'text' && level.text !== here) return NONE;
      if (level.kind === 'hole') {
        const number = level.text.numberOf(here);
        if (number < 0 || (device !== EVERY && !this.#agree(device, isExact, number, level.text))) {
          return NONE;
        }
        if (!isExact) device = number;
        isExact ||= !level.text.isOfConnection;
      }
    }
    return topic.length === levels.length ? device : NONE;
  }

  /** A level names the device, or connection, that the levels before it do. */
  #agree(device: number, isExact: boolean, number: number, level: DeviceText): boolean {
    if (isExact && !level.isOfConnection) return device === number;
    return this.#filter.connectionOf(device) === this.#filter.connectionOf(number);
  }
}

/** A text with holes, cut at every `/` of its pieces. */
export function splitLevels(text: DeviceText): DeviceText[] {
  const levels: { pieces: string[]; holes: Hole[] }[] = [{ pieces: [''], holes: [] }];
  text.pieces.forEach((piece, k) => {
    const [first, ...others] = piece.split('/');
    const current = levels[levels.length - 1]!;
    if (k === 0) current.pieces[0] = first!;
    else {
      current.pieces.push(first!);
      current.holes.push(text.holes[k - 1]!);
    }
    for (const other of others) levels.push({ pieces: [other], holes: [] });
  });
  return levels.map(({ pieces, holes }) => new DeviceText(pieces, holes, text.numbering));
}

/** `splitLevels` undone. */
export function joinLevels(levels: readonly DeviceText[]): DeviceText {
  const pieces = [''];
  levels.forEach((level, k) => {
    const [first, ...others] = level.pieces;
    pieces[pieces.length - 1] += k === 0 ? first! : `/${first!}`;
    pieces.push(...others);
  });
  const holes = levels.flatMap((level) => level.holes);
  return new DeviceText(pieces, holes, levels[0]?.numbering);
}

function level(text: DeviceText): Level {
  if (!text.isShared) return { kind: 'hole', text };
  const literal = text.render(0);
  if (literal === '+') return { kind: 'one' };
  if (literal === '#') return { kind: 'rest' };
  return { kind: 'text', text: literal };
}
