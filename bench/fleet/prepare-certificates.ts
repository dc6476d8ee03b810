import { existsSync } from 'node:fs';
import {
  connectionsOf,
  groupIdentity,
  isTls,
  type Scenario,
  type Target,
  tlsOf,
} from '../scenario/mod.js';
import { GroupTls } from './group-tls.js';
import { issueDeviceCertificates } from './test-authority.js';

/**
 * Before a run over TLS: has test authorities issue what devices lack, and sees that every device has its
 * files.
 * @throws FleetError CERTIFICATE
 */
export async function prepareCertificates(
  scenario: Scenario,
  targets: readonly Target[],
  runHex: string,
): Promise<void> {
  if (!targets.some(isTls)) return;
  for (const group of scenario.groups) {
    const tls = new GroupTls(scenario, group, groupIdentity(group, runHex, scenario.seed));
    const { testCa } = tlsOf(scenario, group);
    if (testCa !== undefined) {
      const names = Array.from({ length: connectionsOf(group) }, (_, index) =>
        tls.deviceName(index),
      );
      await issueDeviceCertificates(testCa, names);
    }
    tls.check(existsSync);
  }
}
