import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';

/** Control sockets of these nodes, away from those of other nodes of the same name. */
const RUNTIME = mkdtempSync(join(tmpdir(), 'fleetgauge-test-'));
after(() => rmSync(RUNTIME, { recursive: true, force: true }));

const START = `import { brokerStart } from ${JSON.stringify(new URL('./broker-start.js', import.meta.url).href)};
process.exitCode = await brokerStart(JSON.parse(process.argv[1]));`;

/** `brokerStart` in a process of its own, below a shell's `ulimit` if one is given. */
function start(args: object, openFiles?: number): ChildProcess {
  const env = { ...process.env, XDG_RUNTIME_DIR: RUNTIME };
  const node = ['--input-type=module', '-e', START, JSON.stringify(args)];
  return openFiles === undefined
    ? spawn(process.execPath, node, { env })
    : spawn('sh', ['-c', `ulimit -n ${openFiles}; exec "$0" "$@"`, process.execPath, ...node], {
        env,
      });
}

async function firstLine(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const part of stream ?? []) {
    text += part.toString();
    if (text.includes('\n')) break;
  }
  return text.trimEnd();
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null) await once(child, 'exit');
  return child.exitCode;
}

it('broker start says where it listens, and ends with 0 on SIGTERM', async () => {
  const child = start({ port: 0, nodeName: 'n1@127.0.0.1' });
  try {
    assert.match(
      await firstLine(child.stdout),
      /^Node 'n1@127\.0\.0\.1' is started, mqtt:\/\/127\.0\.0\.1:\d+$/,
    );
    child.kill('SIGTERM');
    assert.equal(await exitCode(child), 0);
  } finally {
    child.kill('SIGKILL');
  }
});

it('broker start ends with 2 and one line when the port is taken', async () => {
  const first = start({ port: 0 });
  let second: ChildProcess | undefined;
  try {
    const port = Number((await firstLine(first.stdout)).split(':').at(-1));
    second = start({ port, nodeName: 'second@127.0.0.1' });
    const complaint = await firstLine(second.stderr);
    assert.match(complaint, /^127\.0\.0\.1:\d+ is in use: .*--port$/);
    assert.equal(await exitCode(second), 2);
  } finally {
    first.kill('SIGKILL');
    second?.kill('SIGKILL');
  }
});

it('broker start says once that it is out of open files, and goes on with what it has', async () => {
  const child = start({ port: 0 }, 60);
  const sockets: Socket[] = [];
  try {
    const port = Number((await firstLine(child.stdout)).split(':').at(-1));
    const complaint = firstLine(child.stderr);
    for (let n = 0; n < 100; n++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      sockets.push(socket);
    }
    assert.match(await complaint, /^open-file limit reached .* 'ulimit -n'$/);
    for (const socket of sockets) socket.destroy();
    // As soon as files are free again it serves again.
    for (;;) {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => {});
      socket.write(Buffer.from('101000044d5154540402003c00046c617374'.replace(/^../, '10'), 'hex'));
      const answer = await new Promise<Buffer | undefined>((resolve) => {
        socket.once('data', resolve);
        socket.once('close', () => resolve(undefined));
      });
      if (answer === undefined) continue;
      assert.deepEqual([...answer], [0x20, 2, 0, 0]);
      break;
    }
    child.kill('SIGTERM');
    assert.equal(await exitCode(child), 0);
  } finally {
    for (const socket of sockets) socket.destroy();
    child.kill('SIGKILL');
  }
});
