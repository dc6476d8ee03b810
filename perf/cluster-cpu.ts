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
  readonly #own: { role: LocalNode['role']; probe: ProcProbe; family: ProcProbe }[];

  constructor(nodes: readonly LocalNode[]) {
    this.#own = nodes.map(({ name, role, pid }) => ({
      role,
      probe: new ProcProbe(name, pid),
      family: new ProcProbe(name, pid, { includeChildren: true }),
    }));
  }

  /** Since the processes began. */
  read(): CpuUs {
    const sum: CpuUs = { cores: 0, etcd: 0, replicants: 0 };
    for (const { role, probe, family } of this.#own) {
      const cpuUs = probe.sample(0).cpuUs;
      if (role === 'replicant') sum.replicants += cpuUs;
      else {
        sum.cores += cpuUs;
        sum.etcd += Math.max(0, family.sample(0).cpuUs - cpuUs);
      }
    }
    return sum;
  }
}

export function cpuBetween(before: CpuUs, after: CpuUs): CpuUs {
  return {
    cores: after.cores - before.cores,
    etcd: after.etcd - before.etcd,
    replicants: after.replicants - before.replicants,
  };
}
