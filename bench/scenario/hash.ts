import { createHash } from 'node:crypto';
import type { Scenario } from './schema.js';

/**
 * What tells two loads apart: 64 hex digits over all that decides what the fleet does. The
 * scenario's name, the way to the target (URLs, source addresses, TLS), its profile, the probes and the
 * objectives are not in it, nor is the order or the spelling of the file.
 */
export function scenarioHash(scenario: Scenario): string {
  const {
    name: _name,
    target: _target,
    profile: _profile,
    probes: _probes,
    objectives: _objectives,
    sourceAddresses: _addresses,
    tls: _tls,
    groups,
    ...further
  } = scenario;
  const load = {
    ...further,
    groups: groups.map(({ tls: _own, devicesPerConnection, ...group }) => ({
      ...group,
      // Older records' hashes know of no gateways.
      ...(devicesPerConnection === 1 ? {} : { devicesPerConnection }),
    })),
  };
  return createHash('sha256').update(canonicalJson(load)).digest('hex');
}

/** JSON with sorted keys and without whitespace; keys without a value are left out. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
    return `{${entries.join()}}`;
  }
  return JSON.stringify(value);
}
