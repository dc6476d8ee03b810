import type { DeviceText } from './device-text.js';
import { EVERY, FilterPattern, joinLevels, NONE } from './filter-pattern.js';

/** `$share/<name>/<filter>` as one group of devices spells it. */
interface SharedFilter {
  /** `<name>/<filter>` */
  readonly pair: DeviceText;
  /** Only the name's part of the pair can tell devices apart. */
  readonly nameIsShared: boolean;
  readonly pattern: FilterPattern;
  readonly startNumber: number;
  readonly count: number;
}

/**
 * Shared subscriptions: the broker gives each distinct (name, filter) pair one copy [MQTT 5, 4.8.2],
 * no matter how many devices, of how many groups, are its members. So what is counted is distinct
 * pairs.
 */
export class SharedFan {
  readonly #filters: SharedFilter[] = [];
  /** Sizes of unions of families, by the indices of their filters. */
  readonly #unions = new Map<string, number>();

  /** `filter`: its levels, behind the share name. */
  add(name: DeviceText, filter: readonly DeviceText[], startNumber: number, count: number): void {
    this.#filters.push({
      pair: joinLevels([name, ...filter]),
      nameIsShared: name.isShared,
      pattern: new FilterPattern(joinLevels(filter)),
      startNumber,
      count,
    });
    this.#unions.clear();
  }

  deliveriesOf(topic: readonly string[]): number {
    if (this.#filters.length === 0) return 0;
    // Filters that name one pair for this topic, and families: one pair for each device, because
    // only the share name holds the device number.
    const pairs = new Set<string>();
    const families: number[] = [];
    this.#filters.forEach((shared, k) => {
      const number = shared.pattern.match(topic);
      if (number === NONE) return;
      if (number === EVERY && !shared.nameIsShared) families.push(k);
      else if (number === EVERY) pairs.add(shared.pair.render(0));
      else if (inRange(shared, number)) pairs.add(shared.pair.render(number));
    });
    if (families.length === 0) return pairs.size;
    let deliveries = this.#unionSize(families);
    for (const pair of pairs) {
      if (!families.some((k) => isMember(this.#filters[k]!, pair))) deliveries++;
    }
    return deliveries;
  }

  #unionSize(families: readonly number[]): number {
    if (families.length === 1) return this.#filters[families[0]!]!.count;
    const key = families.join();
    let size = this.#unions.get(key);
    if (size === undefined) {
      size = unionOf(families.map((k) => this.#filters[k]!));
      this.#unions.set(key, size);
    }
    return size;
  }
}

/** Each family's pairs that no family before it has. Done once for each set of families. */
function unionOf(families: readonly SharedFilter[]): number {
  let size = 0;
  families.forEach((family, k) => {
    const before = families.slice(0, k);
    for (let i = 0; i < family.count; i++) {
      const pair = family.pair.render(family.startNumber + i);
      if (!before.some((other) => isMember(other, pair))) size++;
    }
  });
  return size;
}

function isMember(family: SharedFilter, pair: string): boolean {
  const number = family.pair.numberOf(pair);
  return number >= 0 && inRange(family, number);
}

function inRange(shared: SharedFilter, number: number): boolean {
  return number >= shared.startNumber && number < shared.startNumber + shared.count;
}
