import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));
/** A command that takes longer than any of the tests' is stuck. */
const TIMEOUT_MS = 120_000;

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** `fleetgauge …` as a user starts it, output read through pipes. */
export interface Started {
  process: ChildProcess;
  /** What it has printed so far. */
  output: { out: string; err: string };
  ended: Promise<Ended>;
}

export interface StartOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** In a process group of its own, as a service manager or a terminal has it. */
  ownGroup?: boolean;
  /** Open files it may have (`ulimit -n`). */
  openFiles?: number;
}

export function startCli(args: readonly string[], options: StartOptions = {}): Started {
  const { openFiles, cwd, env, ownGroup = false } = options;
  const [command, ...rest] =
    openFiles === undefined
      ? [process.execPath, CLI, ...args]
      : ['bash', '-c', `ulimit -n ${openFiles}; exec "$@"`, 'bash', process.execPath, CLI, ...args];
  const child = spawn(command!, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: ownGroup,
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.err += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, ...output });
    });
  });
  return { process: child, output, ended };
}

export function runCli(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return startCli(args, options).ended;
}

/** A folder of its own for one test, with files in it; gone afterwards. */
export async function inFolder(
  files: Readonly<Record<string, string>>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-test-'));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await test(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
