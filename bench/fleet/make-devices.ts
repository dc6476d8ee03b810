import {
  type Device,
  type DeviceProgram,
  type DeviceThread,
  LeanDevice,
  LeanThread,
  MqttJsDevice,
} from '../device/mod.js';
import type { FieldSession } from '../field-clients/session.js';
import { groupIdentity } from '../scenario/credentials.js';
import type { Group, Scenario } from '../scenario/schema.js';
import type { PasswordOf } from '../targets/mod.js';
import { DeviceIdentities } from './device-identities.js';
import { GroupEndpoints } from './group-endpoints.js';
import { mqtt5Program } from './mqtt5-program.js';
import type { ShardDevices } from './shard-devices.js';
import type { Ways } from './ways.js';

/** Makes a shard's devices, each with its group's driver. */
export function makeDevices(
  scenario: Scenario,
  runHex: string,
  placement: ShardDevices,
  ways: Ways,
  thread: DeviceThread,
  passwordOf: PasswordOf | undefined,
  sessions: readonly (FieldSession | undefined)[],
): Device[] {
  const lean = new LeanThread(thread);
  const programs = scenario.groups.map((group, groupIndex) => {
    const identity = groupIdentity(group, runHex, scenario.seed);
    const identities = new DeviceIdentities(group, identity);
    const endpoints = new GroupEndpoints(scenario, group, identity, ways);
    const session = sessions[groupIndex];
    return deviceProgram(scenario, group, {
      identity: (device) => {
        const index = placement.indexInGroup(device);
        const own = identities.identity(index);
        if (session !== undefined && own.will !== undefined) own.will.payload = session.will(index);
        if (passwordOf !== undefined) own.password = passwordOf(own.clientId);
        return own;
      },
      endpoint: (device) => endpoints.of(placement.global(device), placement.indexInGroup(device)),
    });
  });
  return Array.from({ length: placement.count }, (_, device) => {
    const group = placement.group(device);
    const program = programs[group]!;
    return scenario.groups[group]!.driver === 'lean'
      ? new LeanDevice(lean, program, device)
      : new MqttJsDevice(thread, program, device);
  });
}

function deviceProgram(
  scenario: Scenario,
  group: Group,
  own: Pick<DeviceProgram, 'identity' | 'endpoint'>,
): DeviceProgram {
  return {
    version: group.protocol,
    cleanStart: group.cleanStart,
    keepAliveSeconds: group.keepAliveUs / 1_000_000,
    sessionExpirySeconds: group.sessionExpiryUs / 1_000_000,
    inflight: group.inflight,
    connectTimeoutUs: scenario.connect.timeoutUs,
    ...mqtt5Program(group),
    ...own,
  };
}
