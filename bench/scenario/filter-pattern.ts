import { DeviceText } from './device-text.js';

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
 * one device, or (no level holds the number) every device.
 */
export class FilterPattern {
  readonly #levels: readonly Level[];

  constructor(filter: DeviceText) {
    this.#levels = splitLevels(filter).map(level);
  }

  /** NONE, EVERY, or the number of the one device. `topic`: its levels, split at `/`. */
  match(topic: readonly string[]): number {
    const levels = this.#levels;
    let device = EVERY;
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
        if (number < 0 || (device !== EVERY && device !== number)) return NONE;
        device = number;
      }
    }
    return topic.length === levels.length ? device : NONE;
  }
}

/** A text with holes, cut at every `/` of its pieces. */
export function splitLevels(text: DeviceText): DeviceText[] {
  const levels: string[][] = [['']];
  text.pieces.forEach((piece, k) => {
    const [first, ...others] = piece.split('/');
    const current = levels[levels.length - 1]!;
    if (k === 0) current[0] = first!;
    else current.push(first!);
    for (const other of others) levels.push([other]);
  });
  return levels.map((pieces) => new DeviceText(pieces));
}

/** `splitLevels` undone. */
export function joinLevels(levels: readonly DeviceText[]): DeviceText {
  const pieces = [''];
  levels.forEach((level, k) => {
    const [first, ...others] = level.pieces;
    pieces[pieces.length - 1] += k === 0 ? first! : `/${first!}`;
    pieces.push(...others);
  });
  return new DeviceText(pieces);
}

function level(text: DeviceText): Level {
  if (!text.isShared) return { kind: 'hole', text };
  const literal = text.render(0);
  if (literal === '+') return { kind: 'one' };
  if (literal === '#') return { kind: 'rest' };
  return { kind: 'text', text: literal };
}
