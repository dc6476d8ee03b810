import { DeviceText } from './device-text.js';
import { EVERY, FilterPattern, NONE, splitLevels } from './filter-pattern.js';
import type { Group, Scenario } from './schema.js';
import { SharedFan } from './shared-fan.js';
import { subscriptionsOf } from './subscriptions.js';

/** Ordinary subscriptions of one group. */
interface GroupFilters {
  readonly name: string;
  readonly startNumber: number;
  readonly count: number;
  readonly patterns: readonly FilterPattern[];
  /** By pattern: what a device publishes itself does not come back to it by this one. */
  readonly noLocal: readonly boolean[];
}

/** The device that publishes, for subscriptions that leave out what is its own. */
export interface Publisher {
  readonly group: string;
  /** What `%i` stands for. */
  readonly number: number;
}

/**
 * How many deliveries a publish must cause, from the scenario's own subscriptions, with every
 * device connected. A device gets one copy however many of its filters match (servers may send
 * one each [MQTT-3.3.4-2]; those beyond the first are counted as duplicates), and each shared
 * subscription (group name and filter, wherever its members are) gets one.
 *
 * The cost is that of the filters written in the scenario, not of the devices that have them.
 */
export class FanOut {
  readonly #groups: readonly GroupFilters[];
  readonly #shared: SharedFan;

  /** `run`: what `{run}` stands for. The scenario must have passed its checks. */
  constructor(scenario: Scenario, run: string) {
    this.#shared = new SharedFan();
    this.#groups = scenario.groups
      .filter((group) => subscriptionsOf(group).length > 0)
      .map((group) => this.#compile(group, run));
  }

  /** `topic`: a concrete topic name, without placeholders. */
  deliveriesOf(topic: string, publisher?: Publisher): number {
    const levels = topic.split('/');
    let deliveries = this.#shared.deliveriesOf(levels);
    for (const group of this.#groups) {
      deliveries += devicesOf(group, levels);
      if (publisher?.group === group.name && isSpared(group, levels, publisher.number)) {
        deliveries--;
      }
    }
    return deliveries;
  }

  /** Does a subscription of this device, not a shared one, match the topic? */
  reaches(topic: string, { group, number }: Publisher): boolean {
    const levels = topic.split('/');
    return this.#groups.some(
      ({ name, patterns }) =>
        name === group &&
        patterns.some((pattern) => [EVERY, number].includes(pattern.match(levels))),
    );
  }

  #compile(group: Group, run: string): GroupFilters {
    const patterns: FilterPattern[] = [];
    const noLocal: boolean[] = [];
    for (const { filter, noLocal: sparesOwn = false } of subscriptionsOf(group)) {
      const text = DeviceText.of(filter, group, run);
      const [share, name, ...rest] = splitLevels(text);
      if (share!.isShared && share!.render(0) === '$share' && rest.length > 0) {
        this.#shared.add(name!, rest, group.startNumber, group.count);
      } else {
        patterns.push(new FilterPattern(text));
        noLocal.push(sparesOwn);
      }
    }
    const { name, startNumber, count } = group;
    return { name, startNumber, count, patterns, noLocal };
  }
}

/** The device has matching filters, and all of them leave out its own messages (MQTT 5, 3.8.3.1). */
function isSpared(group: GroupFilters, levels: readonly string[], number: number): boolean {
  let spared = false;
  for (let k = 0; k < group.patterns.length; k++) {
    const match = group.patterns[k]!.match(levels);
    if (match !== EVERY && match !== number) continue;
    if (!group.noLocal[k]) return false;
    spared = true;
  }
  return spared;
}

function devicesOf(group: GroupFilters, levels: readonly string[]): number {
  // The devices already counted; few, for it takes one filter of the scenario to find each.
  let found: number[] | undefined;
  for (const pattern of group.patterns) {
    const number = pattern.match(levels);
    if (number === EVERY) return group.count;
    if (number === NONE) continue;
    const index = number - group.startNumber;
    if (index < 0 || index >= group.count) continue;
    if (found === undefined) found = [number];
    else if (!found.includes(number)) found.push(number);
  }
  return found === undefined ? 0 : found.length;
}
