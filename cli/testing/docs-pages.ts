import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// Compiled, this lies in <root>/<outDir>/cli/testing/.
export const OUT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const ROOT = resolve(OUT, '..');
const PAGE_TIMEOUT_MS = 180_000;

/** The shell commands of a page, as a reader would copy them: block by block, in order. */
export async function shellBlocks(page: string): Promise<string[]> {
  const text = await readFile(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, body]) => body!);
}

/**
 * Runs a script in a folder in which `fleetgauge` is a command; everything in it must succeed. What it has
 * left running in the background is killed: it has a process group of its own.
 */
export async function runScript(
  script: string,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const wrapper = join(folder, 'fleetgauge');
  await writeFile(wrapper, `#!/bin/sh\nexec '${process.execPath}' '${join(OUT, 'cli.js')}' "$@"\n`);
  await chmod(wrapper, 0o755);
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: folder,
    env: { ...process.env, ...env, PATH: `${folder}:${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-4000);
    });
  }
  const endGroup = () => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const timer = setTimeout(endGroup, PAGE_TIMEOUT_MS);
  const closed = once(child, 'close');
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(timer);
  endGroup();
  await closed;
  assert.equal(code, 0, output);
}
