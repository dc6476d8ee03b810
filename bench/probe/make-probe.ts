import type { ProbedNode } from '../../results/mod.js';
import { type CredentialSource, credentialsOf, processCredentials } from './credentials.js';
import { EmqxProbe } from './emqx-probe.js';
import { MachineProbe } from './machine-probe.js';
import type { Probe } from './probe.js';
import type { ProbeSpec } from './probe-spec.js';
import { ProcProbe } from './proc-probe.js';
import { ProcessProbe } from './process-probe.js';
import { ScrapeProbe } from './scrape-probe.js';
import { SysProbe } from './sys-probe.js';

/** @throws ProbeError NO_SUCH_PROCESS, or INVALID for its credentials */
export function makeProbe(
  spec: ProbeSpec,
  nowUs: () => number,
  source: CredentialSource = processCredentials,
): Probe {
  const { node } = spec;
  if ('pid' in spec) return new ProcessProbe(spec, new ProcProbe(node, spec.pid), nowUs);
  if (spec.kind === 'machine') return new MachineProbe({ node, kind: spec.kind }, nowUs);
  const { kind, url, metrics } = spec;
  const facts: ProbedNode = { node, kind, at: url.href };
  const credentials = credentialsOf(node, source);
  if (kind === 'emqx') return new EmqxProbe(facts, { url, credentials, nowUs });
  if (kind === 'sys') return new SysProbe(facts, { url, credentials, nowUs });
  return new ScrapeProbe(facts, { url, credentials, metrics, nowUs, wallMs: Date.now });
}
