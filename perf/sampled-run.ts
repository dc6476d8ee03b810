import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProcProbe } from '../bench/mod.js';
import type { RunRecord } from '../results/mod.js';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));
const SAMPLED_EVERY_MS = 1000;

export interface SampledRun {
  record: RunRecord;
  /** Of all processes of the generator, at the end of the phase `steady`. */
  rssBytes: number;
}

/**
 * Runs `fleetgauge run` with these arguments in a process of its own, passes on what it says, and samples its
 * memory and that of its processes.
 */
export async function sampledRun(args: readonly string[], folder: string): Promise<SampledRun> {
  const out = join(folder, 'record');
  const child = spawn(process.execPath, [CLI, 'run', ...args, '--out', out], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const fleet = new ProcProbe('generator', child.pid!, { includeChildren: true });
    let phase = '';
    let rssBytes = 0;
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      process.stderr.write(part);
      phase = /\d+ s {2}(\w+)/.exec(part)?.[1] ?? phase;
    });
    const sampling = setInterval(() => {
      const sample = fleet.sample(0);
      if (!sample.gone && phase === 'steady') rssBytes = sample.rssBytes;
    }, SAMPLED_EVERY_MS);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    clearInterval(sampling);
    const text = await readFile(join(out, 'run.json'), 'utf8').catch((cause: unknown) => {
      throw new Error(`the run ended with exit code ${code} and left no record`, { cause });
    });
    return { record: JSON.parse(text) as RunRecord, rssBytes };
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  }
}
