import { isIP } from 'node:net';
import type { Findings } from './findings.js';
import type { Scenario } from './schema.js';
import { isTls, parseTarget, type Target, TargetError } from './target.js';
import { compileTemplate } from './template.js';
import { TLS_VERSIONS, type Tls } from './tls.js';
import { tlsOf } from './tls-of.js';

/** How devices get to the target: URLs, source addresses, TLS. */
export function checkTransport(scenario: Scenario, findings: Findings): void {
  const targets = checkTargets(scenario, findings);
  scenario.sourceAddresses.forEach((address, k) => {
    if (isIP(address) === 0) {
      findings.error(['sourceAddresses', k], 'an IP address of this machine, such as 127.0.0.2');
    }
  });
  const given = [scenario.tls, ...scenario.groups.map(({ tls }) => tls)].some((tls) => tls);
  if (given && targets.length > 0 && !targets.some(isTls)) {
    findings.note(['tls'], 'no target is mqtts:// or wss://, so nothing of it is used.');
  }
  if (scenario.tls !== undefined) checkTls(scenario.tls, ['tls'], findings);
  scenario.groups.forEach((group, g) => {
    if (group.tls === undefined) return;
    const path = ['groups', g, 'tls'];
    checkTls(tlsOf(scenario, group), path, findings);
  });
}

function checkTargets(scenario: Scenario, findings: Findings): Target[] {
  return scenario.target.flatMap((url, k) => {
    try {
      return [parseTarget(url)];
    } catch (error) {
      if (!(error instanceof TargetError)) throw error;
      findings.error(['target', k], `a target URL (${error.message})`);
      return [];
    }
  });
}

/** The ways to name a device's certificate exclude each other. */
const CERTIFICATE_KEYS = ['cert', 'certificates', 'testCa'] as const;

function checkTls(tls: Tls, path: (string | number)[], findings: Findings): void {
  const ways = CERTIFICATE_KEYS.filter((key) => tls[key] !== undefined);
  if (ways.length > 1) {
    findings.error(
      path,
      `one of cert (with key), certificates and testCa, not ${ways.join(' and ')}`,
    );
  }
  if (tls.cert !== undefined && tls.key === undefined) {
    findings.error([...path, 'key'], 'the key of the certificate beside cert');
  }
  if (tls.key !== undefined && tls.cert === undefined) {
    findings.error([...path, 'cert'], 'the certificate of the key beside key');
  }
  for (const key of ['cert', 'key'] as const) {
    const template = compileTemplate(tls[key] ?? '');
    if (!template.isStatic) {
      findings.error([...path, key], 'no %s and no %rand_N here: a device has one certificate');
    }
  }
  const { minVersion, maxVersion } = tls;
  if (minVersion !== undefined && maxVersion !== undefined) {
    if (TLS_VERSIONS.indexOf(minVersion) > TLS_VERSIONS.indexOf(maxVersion)) {
      findings.error([...path, 'minVersion'], `a version up to maxVersion (${maxVersion})`);
    }
  }
  if (tls.servername !== undefined && isIP(tls.servername) !== 0) {
    findings.error([...path, 'servername'], 'a host name (RFC 6066 §3 has no addresses)');
  }
  if (tls.verify === false) {
    findings.note([...path, 'verify'], "the target's certificate is not checked.");
  }
}
