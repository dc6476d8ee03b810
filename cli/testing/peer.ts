import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A peer that runs: its process, and what it has said on its error stream. */
export interface Peer {
  pid: number;
  said(): string;
}

/** Starts a program of `scripts/peers`, waits until it listens on all these ports of 127.0.0.1, and ends it afterwards. */
export async function withPeer(
  program: string,
  args: readonly string[],
  ports: readonly number[],
  use: (peer: Peer) => Promise<void>,
  cwd?: string,
): Promise<void> {
  assert.ok(existsSync(program), `needs the peer ${program}: run scripts/peers`);
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  try {
    for (const port of ports) {
      for (let waited = 0; !(await isOpen(port)); waited += 50) {
        assert.ok(waited < 10_000 && child.exitCode === null, `${program} did not start: ${said}`);
        await sleep(50);
      }
    }
    await use({ pid: child.pid!, said: () => said });
  } finally {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
