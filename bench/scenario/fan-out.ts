import { DeviceText } from './device-text.js';
import { EVERY, FilterPattern, NONE, splitLevels } from './filter-pattern.js';
import { connectionOf, connectionsOf } from './gateways.js';
import type { Group, Scenario } from './schema.js';
import { SharedFan } from './shared-fan.js';
import { subscriptionsOf } from './subscriptions.js';

/** Ordinary subscriptions of one group. */
interface GroupFilters {
  readonly group: Group;
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
 * device connected. A connection gets one copy however many of its devices' filters match (servers may send
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
      deliveries += connectionsMatched(group, levels);
      if (publisher?.group === group.group.name && isSpared(group, levels, publisher.number)) {
        deliveries--;
      }
    }
    return deliveries;
  }

  /** Does a subscription of this device or of its connection, not a shared one, match the topic? */
  reaches(topic: string, { group, number }: Publisher): boolean {
    const levels = topic.split('/');
    return this.#groups.some(
      (own) =>
        own.group.name === group &&
        own.patterns.some((pattern) => isOnConnection(own.group, pattern.match(levels), number)),
    );
  }

  #compile(group: Group, run: string): GroupFilters {
    const patterns: FilterPattern[] = [];
    const noLocal: boolean[] = [];
    for (const { filter, noLocal: sparesOwn = false } of subscriptionsOf(group)) {
      const text = DeviceText.of(filter, group, run);
      const [share, name, ...rest] = splitLevels(text);
      if (share!.isShared && share!.render(0) === '$share' && rest.length > 0) {
        this.#shared.add(name!, rest, group);
      } else {
        patterns.push(new FilterPattern(text));
        noLocal.push(sparesOwn);
      }
    }
    return { group, patterns, noLocal };
  }
}

/**
 * The publisher's connection has matching filters, and all of them leave out its own messages (MQTT 5, 3.8.3.1):
 * on a gateway, those of all its devices.
 */
function isSpared(group: GroupFilters, levels: readonly string[], number: number): boolean {
  let spared = false;
  for (let k = 0; k < group.patterns.length; k++) {
    if (!isOnConnection(group.group, group.patterns[k]!.match(levels), number)) continue;
    if (!group.noLocal[k]) return false;
    spared = true;
  }
  return spared;
}

/** What a pattern found, EVERY or the number of a device, is on the connection of device `number`. */
function isOnConnection(group: Group, found: number, number: number): boolean {
  if (found === EVERY) return true;
  const index = found - group.startNumber;
  if (found === NONE || index < 0 || index >= group.count) return false;
  return connectionOf(group, index) === connectionOf(group, number - group.startNumber);
}

function connectionsMatched({ group, patterns }: GroupFilters, levels: readonly string[]): number {
  // The connections already counted; few, for it takes one filter of the scenario to find each.
  let found: number[] | undefined;
  for (const pattern of patterns) {
    const number = pattern.match(levels);
    if (number === EVERY) return connectionsOf(group);
    if (number === NONE) continue;
    const index = number - group.startNumber;
    if (index < 0 || index >= group.count) continue;
    const connection = connectionOf(group, index);
    if (found === undefined) found = [connection];
    else if (!found.includes(connection)) found.push(connection);
  }
  return found === undefined ? 0 : found.length;
}
