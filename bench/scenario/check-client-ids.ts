import { DeviceText } from './device-text.js';
import type { Findings } from './findings.js';
import { connectionsOf } from './gateways.js';
import type { Scenario } from './schema.js';

/** Ids of a group that are compared one by one with those of another group that spells them otherwise. */
const COMPARED = 20_000;

/**
 * Every connection needs a client id of its own: a server ends the session of the first when a second
 * one connects with the same id [MQTT-3.1.4-3], and the two would push each other out for ever.
 */
export function checkClientIds(scenario: Scenario, findings: Findings): void {
  const groups = scenario.groups.map((group) => ({
    ids: DeviceText.ofConnection(group.clientId, group, '0000'),
    first: group.startNumber,
    count: connectionsOf(group),
  }));
  groups.forEach((group, g) => {
    const path = ['groups', g, 'clientId'];
    if (group.ids.isShared && group.count > 1) {
      findings.error(
        path,
        `%i in the client id, for the ${group.count} connections to have one each`,
      );
      return;
    }
    for (let other = 0; other < g; other++) {
      const shared = sharedId(group, groups[other]!);
      if (shared === undefined) continue;
      const hint = 'put %g in it, or set startNumber';
      findings.error(
        path,
        `client ids that groups.${other} does not use, not '${shared}' (${hint})`,
      );
      return;
    }
  });
}

interface Ids {
  readonly ids: DeviceText;
  readonly first: number;
  readonly count: number;
}

/** An id that both groups have: exact up to 20,000 devices in the smaller one. */
function sharedId(a: Ids, b: Ids): string | undefined {
  if (a.ids.pieces.join('\0') === b.ids.pieces.join('\0')) {
    const number = Math.max(a.first, b.first);
    const end = Math.min(a.first + a.count, b.first + b.count);
    return a.ids.isShared || number < end ? a.ids.render(number) : undefined;
  }
  const [small, large] = a.count <= b.count ? [a, b] : [b, a];
  for (let k = 0; k < Math.min(small.count, COMPARED); k++) {
    const id = small.ids.render(small.first + k);
    const number = large.ids.numberOf(id);
    if (number < 0) continue;
    if (large.ids.isShared || (number >= large.first && number < large.first + large.count)) {
      return id;
    }
  }
  return undefined;
}
