import {
  type Device,
  type DeviceProgram,
  type DeviceThread,
  LeanDevice,
  LeanThread,
  MqttJsDevice,
  type SourcePorts,
} from '../device/mod.js';
import type { FieldSession } from '../field-clients/session.js';
import { type Group, groupIdentity, type Scenario, type Target } from '../scenario/mod.js';
import type { PasswordOf } from '../targets/mod.js';
import { DeviceIdentities } from './device-identities.js';
import type { ShardDevices } from './shard-devices.js';

/** Makes a shard's devices, each with its group's driver. Devices are dealt over the targets in their fleet-wide order. */
export function makeDevices(
  scenario: Scenario,
  runHex: string,
  placement: ShardDevices,
  targets: readonly Target[],
  ports: SourcePorts,
  thread: DeviceThread,
  passwordOf: PasswordOf | undefined,
  sessions: readonly (FieldSession | undefined)[],
): Device[] {
  const lean = new LeanThread(thread, ports);
  const programs = scenario.groups.map((group, groupIndex) => {
    const identities = new DeviceIdentities(group, groupIdentity(group, runHex, scenario.seed));
    return deviceProgram(scenario, group, (device) => {
      const { host, port } = targets[placement.global(device) % targets.length]!;
      const index = placement.indexInGroup(device);
      const identity = identities.identity(index, host, port);
      const session = sessions[groupIndex];
      if (session !== undefined && identity.will !== undefined) {
        identity.will.payload = session.will(index);
      }
      if (passwordOf !== undefined) identity.password = passwordOf(identity.clientId);
      return identity;
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
  identity: DeviceProgram['identity'],
): DeviceProgram {
  return {
    version: group.protocol,
    cleanStart: group.cleanStart,
    keepAliveSeconds: group.keepAliveUs / 1_000_000,
    sessionExpirySeconds: group.sessionExpiryUs / 1_000_000,
    inflight: group.inflight,
    connectTimeoutUs: scenario.connect.timeoutUs,
    identity,
  };
}
