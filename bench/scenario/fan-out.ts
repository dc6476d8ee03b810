import { DeviceText } from './device-text.js';
import { EVERY, FilterPattern, NONE, splitLevels } from './filter-pattern.js';
import { connectionOf, connectionsOf } from './gateways.js';
import type { Group, Scenario } from './schema.js';
import { SharedFan } from './shared-fan.js';

/** Ordinary subscriptions of one group. */
interface GroupFilters {
  readonly group: Group;
  readonly patterns: readonly FilterPattern[];
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
      .filter((group) => group.subscribe.length > 0)
      .map((group) => this.#compile(group, run));
  }

  /** `topic`: a concrete topic name, without placeholders. */
  deliveriesOf(topic: string): number {
    const levels = topic.split('/');
    let deliveries = this.#shared.deliveriesOf(levels);
    for (const group of this.#groups) deliveries += connectionsMatched(group, levels);
    return deliveries;
  }

  #compile(group: Group, run: string): GroupFilters {
    const patterns: FilterPattern[] = [];
    for (const { filter } of group.subscribe) {
      const text = DeviceText.of(filter, group, run);
      const [share, name, ...rest] = splitLevels(text);
      if (share!.isShared && share!.render(0) === '$share' && rest.length > 0) {
        this.#shared.add(name!, rest, group);
      } else {
        patterns.push(new FilterPattern(text));
      }
    }
    return { group, patterns };
  }
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
