import { readFileSync } from 'node:fs';
import { ProcProbe } from '../bench/mod.js';
import type { LocalNode } from '../cli/local-cluster.js';

/** CPU time by what it was spent in, µs. */
export interface CpuUs {
  cores: number;
  etcd: number;
  replicants: number;
}

/** Follows the CPU time of a cluster's processes; an etcd member is a child of its core's. */
export class ClusterCpu {
  readonly #probes: [keyof CpuUs, ProcProbe][] = [];

  constructor(nodes: readonly Pick<LocalNode, 'name' | 'role' | 'pid'>[]) {
    for (const { name, role, pid } of nodes) {
      this.#probes.push([role === 'core' ? 'cores' : 'replicants', new ProcProbe(name, pid)]);
      for (const child of childrenOf(pid)) {
        this.#probes.push(['etcd', new ProcProbe(`etcd of ${name}`, child)]);
      }
    }
  }

  /** Since the processes began. */
  read(): CpuUs {
    const sum: CpuUs = { cores: 0, etcd: 0, replicants: 0 };
    for (const [kind, probe] of this.#probes) sum[kind] += probe.sample(0).cpuUs;
    return sum;
  }
}

/** Of the process's first thread, which is the one that starts others in a node. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

export function cpuBetween(before: CpuUs, after: CpuUs): CpuUs {
  return {
    cores: after.cores - before.cores,
    etcd: after.etcd - before.etcd,
    replicants: after.replicants - before.replicants,
  };
}
