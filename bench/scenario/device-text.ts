import type { Group } from './schema.js';
import { compileTemplate } from './template.js';

/** What stands in a hole: the device's number, or that of its connection. */
export type Hole = 'device' | 'connection';

/** How the numbers of a group's devices and of their connections go together; both count from `first`. */
export interface Numbering {
  readonly first: number;
  readonly devicesPerConnection: number;
}

const ONE_EACH: Numbering = { first: 0, devicesPerConnection: 1 };

/**
 * A per-device text (client id, user name, topic, filter) turned round: written as a function of the
 * device number alone, so that a rendered text can be asked for its device.
 *
 * `%g` and `{run}` become text, `%c` and `%u` what the group's own templates say; what remains is
 * text with holes for a number: pieces[0] number pieces[1] number … pieces[n]. With one device per
 * connection all of them are for the device's.
 */
export class DeviceText {
  /** One more than there are holes. */
  readonly pieces: readonly string[];
  readonly holes: readonly Hole[];
  readonly numbering: Numbering;

  constructor(pieces: readonly string[], holes?: readonly Hole[], numbering = ONE_EACH) {
    this.pieces = pieces;
    this.holes = holes ?? pieces.slice(1).map(() => 'device');
    this.numbering = numbering;
  }

  /**
   * `source` must not use `%s` or `%rand_N`, nor `%c` and `%u` in a circle; the scenario's checks
   * refuse that. Throws RangeError if it does all the same.
   */
  static of(source: string, group: Group, run: string): DeviceText {
    return collected(source, group, run, group.devicesPerConnection === 1);
  }

  /** A text of the group's connections, as a function of a connection's number. */
  static ofConnection(source: string, group: Group, run: string): DeviceText {
    return collected(source, group, run, true);
  }

  /** The same for every device. */
  get isShared(): boolean {
    return this.pieces.length === 1;
  }

  /** The same for the devices of one connection. */
  get isOfConnection(): boolean {
    return !this.holes.includes('device');
  }

  /** The number of the device's connection. */
  connectionOf(number: number): number {
    const { first, devicesPerConnection } = this.numbering;
    return first + Math.floor((number - first) / devicesPerConnection);
  }

  /** The number of the first device on a connection. */
  firstDeviceOn(connection: number): number {
    const { first, devicesPerConnection } = this.numbering;
    return first + (connection - first) * devicesPerConnection;
  }

  render(number: number): string {
    if (!this.holes.includes('connection')) return this.pieces.join(String(number));
    const connection = this.connectionOf(number);
    let text = this.pieces[0]!;
    this.holes.forEach((hole, k) => {
      text += `${hole === 'device' ? number : connection}${this.pieces[k + 1]!}`;
    });
    return text;
  }

  /**
   * The only device number that gives this text, or -1; of a text that is the same for the devices of a
   * connection, the first one's. For a text without holes: 0 if it is that text.
   */
  numberOf(text: string): number {
    const connections = this.holes.filter((hole) => hole === 'connection').length;
    const devices = this.holes.length - connections;
    if (connections === 0) return this.#numberOf(text);
    if (devices > 0) return this.#numberAmongBoth(text, devices, connections);
    const connection = this.#numberOf(text);
    return connection < this.numbering.first ? -1 : this.firstDeviceOn(connection);
  }

  /**
   * Of a text with holes of one kind: what stands in them. Numbers are written in decimal without leading
   * zeros, so all holes are equally long and the number's digits stand at a known place.
   */
  #numberOf(text: string): number {
    const [first, second] = this.pieces;
    if (second === undefined) return text === first ? 0 : -1;
    const digits = (text.length - this.#fixedLength) / this.holes.length;
    if (!Number.isInteger(digits) || digits < 1 || digits > MAX_DIGITS) return -1;
    if (!text.startsWith(first!)) return -1;
    const spelled = text.slice(first!.length, first!.length + digits);
    if (!DECIMAL.test(spelled)) return -1;
    const number = Number(spelled);
    if (this.pieces.length === 2) return text.endsWith(second) ? number : -1;
    return this.pieces.join(String(number)) === text ? number : -1;
  }

  /**
   * Of a text with holes of both kinds. A connection's number grows with its devices', so only one pair of
   * lengths fits, and that only one device; few pairs need to be looked at.
   */
  #numberAmongBoth(text: string, devices: number, connections: number): number {
    const forHoles = text.length - this.#fixedLength;
    for (let digits = 1; digits <= MAX_DIGITS; digits++) {
      const connectionDigits = (forHoles - devices * digits) / connections;
      if (connectionDigits < 1) return -1;
      if (connectionDigits > digits || !Number.isInteger(connectionDigits)) continue;
      const before = this.holes.indexOf('device');
      let at = before * connectionDigits;
      for (let k = 0; k <= before; k++) at += this.pieces[k]!.length;
      const spelled = text.slice(at, at + digits);
      if (!DECIMAL.test(spelled)) continue;
      const number = Number(spelled);
      if (number >= this.numbering.first && this.render(number) === text) return number;
    }
    return -1;
  }

  get #fixedLength(): number {
    let fixed = 0;
    for (const piece of this.pieces) fixed += piece.length;
    return fixed;
  }
}

const DECIMAL = /^(?:0|[1-9]\d*)$/;
const MAX_DIGITS = 15;

/** @param isConnections it is a text of the connections, or each has one device: one kind of number */
function collected(source: string, group: Group, run: string, isConnections: boolean): DeviceText {
  const text = { pieces: [''], holes: [] as Hole[] };
  collect(source, group, run, isConnections ? 'device' : 'connection', 'device', text, 0);
  if (isConnections) return new DeviceText(text.pieces);
  const { startNumber, devicesPerConnection } = group;
  return new DeviceText(text.pieces, text.holes, { first: startNumber, devicesPerConnection });
}

/** The deepest that references go: topic → client id → user name. */
const MAX_DEPTH = 3;

/**
 * @param gateway the hole for the number of a connection
 * @param own the hole for `%i`: in the texts of a connection, too, that of the connection
 */
function collect(
  source: string,
  group: Group,
  run: string,
  gateway: Hole,
  own: Hole,
  text: { pieces: string[]; holes: Hole[] },
  depth: number,
): void {
  const { pieces, holes } = text;
  if (depth > MAX_DEPTH) throw new RangeError(`'${source}' refers to itself`);
  const append = (more: string) => {
    pieces[pieces.length - 1] += more;
  };
  const hole = (kind: Hole) => {
    pieces.push('');
    holes.push(kind);
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
        hole(own);
        break;
      case 'gateway':
        hole(gateway);
        break;
      case 'c':
        collect(group.clientId, group, run, gateway, gateway, text, depth + 1);
        break;
      case 'u':
        collect(group.username ?? '', group, run, gateway, gateway, text, depth + 1);
        break;
      case 's':
      case 'rand':
        throw new RangeError(`'${source}' is not the same for every message`);
    }
  }
}
