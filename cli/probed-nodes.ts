import { isIP } from 'node:net';
import { ProbeError, pidListening, type Target } from '../bench/mod.js';
import type { ProbedNode } from '../results/mod.js';
import { UsageError } from './failure.js';
import type { Terminal } from './terminal.js';

/** The processes that `--probe name=pid …` names, none for `--probe none`; undefined if it was not given. */
export function watchedNodes(asked: readonly string[]): ProbedNode[] | undefined {
  if (asked.length === 0) return undefined;
  return asked.length === 1 && asked[0] === 'none' ? [] : asked.map(namedNode);
}

/** The processes that listen on the targets' ports, as far as the targets are this machine. */
export function listeningNodes(targets: readonly Target[], terminal: Terminal): ProbedNode[] {
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

function namedNode(text: string): ProbedNode {
  const [, node, pid] = /^([^=,\s]+)=([1-9]\d*)$/.exec(text) ?? [];
  if (node === undefined || pid === undefined) {
    throw new UsageError(`--probe ${text}: expected name=pid, such as broker=4711, or none`);
  }
  return { node, pid: Number(pid) };
}

function isThisMachine({ host }: Target): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
