import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { BrokerError } from '../errors.js';

/** Nodes are asked over Unix sockets in a folder that only their user can enter: `<node name>.sock`. */

const SUFFIX = '.sock';
/** `sun_path` of unix(7), its closing 0 not counted. */
const LONGEST_PATH_BYTES = 107;

/** What one process says to the other, a line of JSON each: the request, then lines, last the exit code. */
export interface CtlRequest {
  argv: string[];
}
export type CtlReply = { node: string } | { out: string } | { err: string } | { exit: number };

export function lineOf(message: CtlRequest | CtlReply): string {
  return `${JSON.stringify(message)}\n`;
}

/** Where the nodes of a user have their sockets. */
export function controlFolder(
  env: Readonly<Record<string, string | undefined>>,
  temporaryFolder: string,
  userId: number,
): string {
  const own = env.XDG_RUNTIME_DIR ?? '';
  return own === '' ? join(temporaryFolder, `fleetgauge-${userId}`) : join(own, 'fleetgauge');
}

/** Throws BrokerError if the folder cannot be had, or if somebody else can get at it. */
export function makeControlFolder(folder: string, userId: number): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const facts = lstatSync(folder);
    if (!facts.isDirectory() || facts.uid !== userId) {
      throw new Error('it belongs to somebody else');
    }
    if ((facts.mode & 0o077) !== 0) chmodSync(folder, 0o700);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BrokerError(
      'CONTROL_FAILED',
      `cannot use ${folder} for control sockets: ${why}; name another folder in XDG_RUNTIME_DIR`,
      { cause: error },
    );
  }
}

/** Throws BrokerError if the path is longer than the system allows. */
export function controlPath(folder: string, nodeName: string): string {
  const path = join(folder, `${nodeName}${SUFFIX}`);
  if (Buffer.byteLength(path) > LONGEST_PATH_BYTES) {
    throw new BrokerError(
      'CONTROL_FAILED',
      `${path} is too long for a socket (${LONGEST_PATH_BYTES} bytes): choose a shorter node name or XDG_RUNTIME_DIR`,
    );
  }
  return path;
}

/** Is there a process behind the socket? A file alone stays behind when a node is killed. */
export function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // EAGAIN: somebody listens, with more connections than are taken at once.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'EAGAIN'));
  });
}

/** Names of the nodes that run and have their socket in the folder. */
export async function runningNodes(folder: string): Promise<string[]> {
  let files: string[] = [];
  try {
    files = readdirSync(folder).filter((file) => file.endsWith(SUFFIX) && !file.startsWith('.'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const alive = await Promise.all(files.map((file) => isAlive(join(folder, file))));
  return files
    .filter((_, index) => alive[index])
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}
