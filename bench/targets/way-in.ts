import { isIP } from 'node:net';
import type { Findings } from '../scenario/findings.js';
import type { Group, ProfileChoice, Scenario } from '../scenario/schema.js';
import {
  formatTarget,
  isTls,
  isWebSocket,
  parseTarget,
  type Target,
  TargetError,
} from '../scenario/target.js';
import type { Tls } from '../scenario/tls.js';
import { tlsOf } from '../scenario/tls-of.js';
import type { Endpoint, TargetProfile } from './profile.js';

/** What a device shows to be let in. */
type Credential = 'certificate' | 'password';

/**
 * The scenario with what its profile knows of the way in and the scenario leaves out: scheme, port and path of
 * its targets, ALPN, and the server name where the target is another address than the platform's own.
 */
export function throughEndpoints(scenario: Scenario, profile: TargetProfile): Scenario {
  const choice = scenario.profile!;
  const written =
    scenario.target.length > 0 || choice.host === undefined ? scenario.target : [choice.host];
  const first = credentialOf(scenario, scenario.groups[0]!);
  const target = written.map((text) => completed(text, choice, profile, first));
  const through = { ...scenario, target };
  const servername = nameToShow(target, choice, profile);
  const more = scenario.groups.map((group): Tls => {
    const [alpn, ...others] = alpnsOf(through, group, profile);
    return {
      ...(servername === undefined ? {} : { servername }),
      ...(alpn === undefined || others.length > 0 ? {} : { alpn: [alpn] }),
    };
  });
  const shared = more[0]!;
  if (more.some(({ alpn }) => alpn?.[0] !== shared.alpn?.[0])) {
    const groups = scenario.groups.map((group, g) => ({
      ...group,
      tls: { ...more[g], ...tlsOf(scenario, group) },
    }));
    return { ...through, groups };
  }
  if (Object.keys(shared).length === 0) return through;
  return { ...through, tls: { ...shared, ...scenario.tls } };
}

/** What the platform refuses about the way in, whatever the scenario's messages are. */
export function checkWayIn(scenario: Scenario, profile: TargetProfile, findings: Findings): void {
  const { title, endpoints } = profile;
  const choice = scenario.profile!;
  const ports = [...new Set(endpoints.map(({ port }) => port))];
  if (choice.endpoint !== undefined && !ports.includes(choice.endpoint)) {
    findings.error(['profile', 'endpoint'], `a port of ${title}: ${ports.join(' or ')}`);
  }
  const onlyTls = endpoints.every(({ scheme }) => scheme === 'mqtts' || scheme === 'wss');
  const ofAll = scenario.groups.map((group) => tlsOf(scenario, group));
  const wantsName =
    endpoints.some(({ sni }) => sni) && ofAll.some(({ servername }) => servername === undefined);
  const wantsAlpn =
    endpoints.some(({ alpn }) => alpn) && ofAll.some(({ alpn }) => alpn === undefined);
  scenario.target.forEach((text, k) => {
    const target = parsed(text);
    const at = ['target', k];
    if (target === undefined) return;
    if (onlyTls && !isTls(target)) {
      findings.error(at, `mqtts:// or wss://: ${title} takes no plain connections`);
    } else if (wantsName && isIP(target.host) !== 0) {
      const why = `${title} wants its name in the handshake (SNI)`;
      findings.error(at, `a host name, or profile.host beside the address: ${why}`);
    } else if (wantsAlpn && !ports.includes(choice.endpoint ?? target.port)) {
      const which = `profile.endpoint says which of its ports this one stands for`;
      findings.note(at, `${title} has no port ${target.port}: ${which} (${ports.join(' or ')}).`);
    }
  });
  scenario.groups.forEach((group, g) => {
    const alpns = alpnsOf(scenario, group, profile);
    if (alpns.size > 1 && ofAll[g]!.alpn === undefined) {
      const each = [...alpns].map((alpn) => alpn ?? 'none').join(' and ');
      findings.error(['target'], `targets of one ALPN, or tls.alpn: ${title} wants ${each} here`);
    }
    if (onlyTls && !showsCertificate(scenario, group) && !showsPassword(scenario, group)) {
      findings.note(['groups', g], `${title} lets nobody in without a certificate or a password.`);
    }
  });
}

const WRITTEN = /^(?:([a-z]+):\/\/)?(?:\[[^\]]*\]|[^:/?#]*)(?::(\d+))?(.*)$/is;

/** A URL with everything in it; what is no URL stays, and is found by who checks them. */
function completed(
  text: string,
  choice: ProfileChoice,
  profile: TargetProfile,
  credential: Credential,
): string {
  const target = parsed(text);
  if (target === undefined) return text;
  const [, scheme, port, rest] = WRITTEN.exec(text)!;
  const possible = profile.endpoints.filter(
    (one) => scheme === undefined || one.scheme === target.transport,
  );
  const wanted = choice.endpoint ?? (port === undefined ? undefined : target.port);
  const chosen = possible.filter((one) => wanted === undefined || one.port === wanted);
  const endpoint = best(chosen, credential) ?? possible[0];
  if (endpoint === undefined) return text;
  const way = { ...target, transport: endpoint.scheme };
  if (port === undefined) way.port = endpoint.port;
  if (isWebSocket(way) && rest === '') way.path = endpoint.path ?? way.path;
  return formatTarget(way);
}

/** The endpoint that a target is, or stands for. */
function endpointOf(
  target: Target,
  choice: ProfileChoice,
  { endpoints }: TargetProfile,
  credential: Credential,
): Endpoint | undefined {
  const port = choice.endpoint ?? target.port;
  return best(
    endpoints.filter((one) => one.scheme === target.transport && one.port === port),
    credential,
  );
}

function best(endpoints: readonly Endpoint[], credential: Credential): Endpoint | undefined {
  return endpoints.find(({ by }) => by === undefined || by === credential) ?? endpoints[0];
}

/** What the targets want of a group, each once; undefined: none. */
function alpnsOf(
  scenario: Scenario,
  group: Group,
  profile: TargetProfile,
): ReadonlySet<string | undefined> {
  const credential = credentialOf(scenario, group);
  const targets = scenario.target.flatMap((text) => parsed(text) ?? []).filter(isTls);
  return new Set(
    targets.map((one) => endpointOf(one, scenario.profile!, profile, credential)?.alpn),
  );
}

/** The platform's name, where a target goes by another one. */
function nameToShow(
  targets: readonly string[],
  { host }: ProfileChoice,
  { endpoints }: TargetProfile,
): string | undefined {
  const isOther = (text: string) => parsed(text)?.host !== host;
  return endpoints.some(({ sni }) => sni) && targets.some(isOther) ? host : undefined;
}

function credentialOf(scenario: Scenario, group: Group): Credential {
  if (showsCertificate(scenario, group)) return 'certificate';
  return showsPassword(scenario, group) ? 'password' : 'certificate';
}

function showsCertificate(scenario: Scenario, group: Group): boolean {
  const { cert, certificates, testCa } = tlsOf(scenario, group);
  return [cert, certificates, testCa].some((one) => one !== undefined);
}

function showsPassword({ profile }: Scenario, group: Group): boolean {
  const { username, password, credentials } = group;
  return [username, password, credentials, profile?.sas].some((one) => one !== undefined);
}

function parsed(text: string): Target | undefined {
  try {
    return parseTarget(text);
  } catch (error) {
    if (error instanceof TargetError) return undefined;
    throw error;
  }
}
