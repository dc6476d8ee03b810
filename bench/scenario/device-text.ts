import type { Group } from './schema.js';
import { compileTemplate } from './template.js';

/**
 * A per-device text (client id, user name, topic, filter) turned round: written as a function of the
 * device number alone, so that a rendered text can be asked for its device.
 *
 * `%g` and `{run}` become text, `%c` and `%u` what the group's own templates say; what remains is
 * text with holes for the device number: pieces[0] number pieces[1] number … pieces[n].
 */
export class DeviceText {
  /** One more than there are holes. */
  readonly pieces: readonly string[];

  constructor(pieces: readonly string[]) {
    this.pieces = pieces;
  }

  /**
   * `source` must not use `%s` or `%rand_N`, nor `%c` and `%u` in a circle; the scenario's checks
   * refuse that. Throws RangeError if it does all the same.
   */
  static of(source: string, group: Group, run: string): DeviceText {
    const pieces = [''];
    collect(source, group, run, pieces, 0);
    return new DeviceText(pieces);
  }

  /** The same for every device. */
  get isShared(): boolean {
    return this.pieces.length === 1;
  }

  render(number: number): string {
    return this.pieces.join(String(number));
  }

  /**
   * The only device number that gives this text, or -1. For a text without holes: 0 if it is that
   * text. Numbers are written in decimal without leading zeros, so all holes are equally long and
   * the number's digits stand at a known place.
   */
  numberOf(text: string): number {
    const [first, second] = this.pieces;
    if (second === undefined) return text === first ? 0 : -1;
    let fixed = 0;
    for (const piece of this.pieces) fixed += piece.length;
    const digits = (text.length - fixed) / (this.pieces.length - 1);
    if (!Number.isInteger(digits) || digits < 1 || digits > 15) return -1;
    if (!text.startsWith(first!)) return -1;
    const spelled = text.slice(first!.length, first!.length + digits);
    if (!DECIMAL.test(spelled)) return -1;
    const number = Number(spelled);
    if (this.pieces.length === 2) return text.endsWith(second) ? number : -1;
    return this.render(number) === text ? number : -1;
  }
}

const DECIMAL = /^(?:0|[1-9]\d*)$/;

/** The deepest that references go: topic → client id → user name. */
const MAX_DEPTH = 3;

function collect(source: string, group: Group, run: string, pieces: string[], depth: number): void {
  if (depth > MAX_DEPTH) throw new RangeError(`'${source}' refers to itself`);
  const append = (text: string) => {
    pieces[pieces.length - 1] += text;
  };
  for (const part of compileTemplate(source).parts) {
    switch (part.kind) {
      case 'text':
        append(part.text);
        break;
      case 'g':
        append(group.name);
        break;
      case 'run':
        append(run);
        break;
      case 'i':
        pieces.push('');
        break;
      case 'c':
        collect(group.clientId, group, run, pieces, depth + 1);
        break;
      case 'u':
        collect(group.username ?? '', group, run, pieces, depth + 1);
        break;
      case 's':
      case 'rand':
        throw new RangeError(`'${source}' is not the same for every message`);
    }
  }
}
