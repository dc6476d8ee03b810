import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { formatTarget, groupIdentity, type Scenario, type Target } from '../scenario/mod.js';
import { FleetError } from './fleet-error.js';
import { GroupEndpoints } from './group-endpoints.js';
import type { MachineLimits } from './layout.js';
import { preflight } from './preflight.js';
import { type ResolvedTarget, resolveTargets } from './resolve-targets.js';
import { Ways } from './ways.js';

export interface ReachOptions {
  note?: ((text: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Resolves the targets and sees with one connection to each address that it is there, as the scenario's
 * first device would. Of a name with several addresses those that do not answer get no devices, with a note.
 * @throws FleetError UNREACHABLE when none of a target's addresses answers, LIMIT when a source address is
 *   not this machine's
 */
export async function reachTargets(
  scenario: Scenario,
  targets: readonly Target[],
  runHex: string,
  limits: Pick<MachineLimits, 'ephemeralPorts'>,
  { note = () => undefined, signal }: ReachOptions = {},
): Promise<ResolvedTarget[]> {
  for (const address of scenario.sourceAddresses) await checkSource(address);
  const resolved = await resolveTargets(targets);
  const group = scenario.groups[0]!;
  const identity = groupIdentity(group, runHex, scenario.seed);
  const { sourceAddresses } = scenario;
  const range = { ...limits.ephemeralPorts, part: 0, parts: 1 };
  const ways = new Ways(resolved, sourceAddresses, range, 1, Math.random());
  const endpoints = new GroupEndpoints(scenario, group, identity, ways);
  const reached: ResolvedTarget[] = [];
  for (const target of resolved) {
    const addresses: string[] = [];
    let failure: FleetError | undefined;
    for (const address of target.addresses) {
      const pair = ways.pairs.find((way) => way.target === target && way.address === address);
      if (pair === undefined) {
        note(
          `no device connects to ${address} of ${target.host}: no source address is of its family`,
        );
        continue;
      }
      const named = target.addresses.length === 1 ? '' : ` (${address})`;
      try {
        const where = `${formatTarget(target)}${named}`;
        await preflight(
          endpoints.on(pair, 0),
          where,
          group.protocol,
          signal === undefined ? {} : { signal },
        );
        addresses.push(address);
      } catch (error) {
        if (!(error instanceof FleetError) || error.code !== 'UNREACHABLE') throw error;
        failure ??= error;
        if (target.addresses.length > 1) note(`no device connects to ${address}: ${error.message}`);
      }
    }
    if (addresses.length === 0) throw failure!;
    reached.push({ ...target, addresses });
  }
  return reached;
}

/** Only what is an address of this machine can be bound. */
async function checkSource(address: string): Promise<void> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  try {
    socket.bind(0, address);
    await once(socket, 'listening');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why =
      code === 'EADDRNOTAVAIL'
        ? `is no address of this machine: add it (ip addr add ${address} dev …) or leave it out`
        : `cannot be bound (${code})`;
    throw new FleetError('LIMIT', `source address ${address} ${why}`, { cause });
  } finally {
    socket.close();
  }
}
