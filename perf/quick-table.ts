import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Rows of the table that a script of this folder prints on a small scale, without its head. */
export async function quickTable(script: string, timeout: number): Promise<string[][]> {
  const file = fileURLToPath(new URL(`./${script}.js`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file, '--quick'], { timeout });
  const lines = stdout.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) => line.slice(2, -2).split(' | '));
}
