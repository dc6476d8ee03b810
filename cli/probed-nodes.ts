import { isIP } from 'node:net';
import {
  ProbeError,
  type ProbeSpec,
  parseProbe,
  pidListening,
  probeSpec,
  type Scenario,
  type Target,
} from '../bench/mod.js';
import type { Terminal } from './terminal.js';

/** What `--probe name=source …` names, nothing for `--probe none`; undefined if it was not given. */
export function watchedNodes(asked: readonly string[]): ProbeSpec[] | undefined {
  if (asked.length === 0) return undefined;
  return asked.length === 1 && asked[0] === 'none' ? [] : asked.map(parseProbe);
}

/** The processes that listen on the targets' ports, as far as the targets are this machine. */
export function listeningNodes(targets: readonly Target[], terminal: Terminal): ProbeSpec[] {
  const found = new Map<number, Target>();
  for (const target of targets.filter(isThisMachine)) {
    try {
      const pid = pidListening(target.port, target.host);
      if (!found.has(pid)) found.set(pid, target);
    } catch (error) {
      if (!(error instanceof ProbeError)) throw error;
      terminal.err.write(`note: the target's CPU and memory are not watched: ${error.message}\n`);
    }
  }
  const ports = new Set([...found.values()].map(({ port }) => port));
  return [...found].map(([pid, { host, port }]) => {
    if (found.size === 1) return { node: 'target', pid };
    return { node: ports.size === found.size ? `target-${port}` : `target-${host}:${port}`, pid };
  });
}

function isThisMachine({ host }: Target): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** What the scenario itself names; undefined if it names nothing. */
export function scenarioProbes({ probes }: Scenario): ProbeSpec[] | undefined {
  const named = Object.entries(probes);
  return named.length === 0 ? undefined : named.map(([name, source]) => probeSpec(name, source));
}
