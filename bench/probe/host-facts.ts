import { cpus, hostname, release, totalmem, type } from 'node:os';
import type { HostFacts } from '../../results/mod.js';
import { type ProcFs, procFs } from './proc-fs.js';
import { parseOpenFileLimit } from './proc-text.js';

/** What a run record says about the machine it was made on. */
export function hostFacts(fs: ProcFs = procFs): HostFacts {
  const cores = cpus();
  return {
    hostname: hostname(),
    os: `${type()} ${release()}`,
    cpuModel: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryBytes: totalmem(),
    node: process.version,
    fileLimit: openFileLimit(fs),
  };
}

/** Open files this process may have (the soft limit); null when unlimited or unknown. */
export function openFileLimit(fs: ProcFs = procFs): number | null {
  try {
    return parseOpenFileLimit(fs.readFile('/proc/self/limits'));
  } catch {
    return null;
  }
}
