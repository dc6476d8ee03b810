import type { DeviceText } from './device-text.js';
import { EVERY, FilterPattern, joinLevels, NONE } from './filter-pattern.js';
import { connectionOf, connectionsOf, devicesOn, firstDeviceOn } from './gateways.js';
import type { Group } from './schema.js';

/** `$share/<name>/<filter>` as one group of devices spells it. */
interface SharedFilter {
  /** `<name>/<filter>` */
  readonly pair: DeviceText;
  /** Only the name's part of the pair can tell devices apart. */
  readonly nameIsShared: boolean;
  readonly pattern: FilterPattern;
  readonly group: Group;
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
  add(name: DeviceText, filter: readonly DeviceText[], group: Group): void {
    this.#filters.push({
      pair: joinLevels([name, ...filter]),
      nameIsShared: name.isShared,
      pattern: new FilterPattern(joinLevels(filter)),
      group,
    });
    this.#unions.clear();
  }

  deliveriesOf(topic: readonly string[]): number {
    if (this.#filters.length === 0) return 0;
    // Filters that name one pair for this topic, or one for each device of a connection, and families:
    // one pair for each device, because only the share name holds the device number.
    const pairs = new Set<string>();
    const families: number[] = [];
    this.#filters.forEach((shared, k) => {
      const number = shared.pattern.match(topic);
      if (number === NONE) return;
      if (number === EVERY && !shared.nameIsShared) families.push(k);
      else if (number === EVERY) pairs.add(shared.pair.render(0));
      else if (inRange(shared, number)) addPairs(shared, number, pairs);
    });
    if (families.length === 0) return pairs.size;
    let deliveries = this.#unionSize(families);
    for (const pair of pairs) {
      if (!families.some((k) => isMember(this.#filters[k]!, pair))) deliveries++;
    }
    return deliveries;
  }

  #unionSize(families: readonly number[]): number {
    if (families.length === 1) return pairCount(this.#filters[families[0]!]!);
    const key = families.join();
    let size = this.#unions.get(key);
    if (size === undefined) {
      size = unionOf(families.map((k) => this.#filters[k]!));
      this.#unions.set(key, size);
    }
    return size;
  }
}

/** The filter is the number's, or, where only its connection's number stands in it, that connection's. */
function addPairs({ pair, pattern, group }: SharedFilter, number: number, pairs: Set<string>) {
  if (!pattern.isOfConnection || pair.isOfConnection) {
    pairs.add(pair.render(number));
    return;
  }
  const connection = connectionOf(group, number - group.startNumber);
  const first = group.startNumber + firstDeviceOn(group, connection);
  for (let k = 0; k < devicesOn(group, connection); k++) pairs.add(pair.render(first + k));
}

/** Different pairs of the family's devices. */
function pairCount({ pair, group }: SharedFilter): number {
  return pair.isOfConnection ? connectionsOf(group) : group.count;
}

/** Each family's pairs that no family before it has. Done once for each set of families. */
function unionOf(families: readonly SharedFilter[]): number {
  let size = 0;
  families.forEach((family, k) => {
    const before = families.slice(0, k);
    const { group } = family;
    for (let k = 0; k < pairCount(family); k++) {
      const index = family.pair.isOfConnection ? firstDeviceOn(group, k) : k;
      const pair = family.pair.render(group.startNumber + index);
      if (!before.some((other) => isMember(other, pair))) size++;
    }
  });
  return size;
}

function isMember(family: SharedFilter, pair: string): boolean {
  const number = family.pair.numberOf(pair);
  return number >= 0 && inRange(family, number);
}

function inRange({ group }: SharedFilter, number: number): boolean {
  return number >= group.startNumber && number < group.startNumber + group.count;
}
