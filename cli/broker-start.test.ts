import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { inFolder, runCli, startCli } from './cli-under-test.js';

/** Control sockets of these nodes, away from those of other nodes of the same name. */
const RUNTIME = mkdtempSync(join(tmpdir(), 'fleetgauge-test-'));
after(() => rmSync(RUNTIME, { recursive: true, force: true }));

const START = `import { brokerStart } from ${JSON.stringify(new URL('./broker-start.js', import.meta.url).href)};
process.exitCode = await brokerStart(JSON.parse(process.argv[1]));`;

/** Few, but enough for Node, which opens many of a program's modules at once. */
const OPEN_FILES = 300;

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
  const child = start({ port: 0 }, OPEN_FILES);
  const sockets: Socket[] = [];
  try {
    const port = Number((await firstLine(child.stdout)).split(':').at(-1));
    const complaint = firstLine(child.stderr);
    for (let n = 0; n < OPEN_FILES + 50; n++) {
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

it('broker start -c opens every listener of the file, and flags win over it', async () => {
  const config = `
    node.name = "n1@10.0.0.1"
    listeners.tcp { default { bind = "127.0.0.1:1" }, second { bind = "127.0.0.1:0" } }
    log.level = debug
  `;
  await inFolder({ 'emqx.conf': config }, async (cwd) => {
    const { process, output, ended } = startCli(
      ['broker', 'start', '-c', 'emqx.conf', '--port', '0', '--set', 'mqtt.max_inflight=9'],
      { cwd, env: { FLEETGAUGE_NODE__NAME: 'n2@10.0.0.1' } },
    );
    try {
      while (!output.out.includes('\n')) await once(process.stdout!, 'data');
      const address = String.raw`mqtt://127\.0\.0\.1:\d{2,5}`;
      assert.match(
        output.out,
        new RegExp(`^Node 'n2@10\\.0\\.0\\.1' is started, ${address}, ${address}\n$`),
      );
      process.kill('SIGTERM');
      const { code, err } = await ended;
      assert.equal(code, 0);
      assert.match(err, /^note: emqx\.conf:4:5: log: passed over, .*\n$/);
    } finally {
      process.kill('SIGKILL');
    }
  });
});

it('broker start --check says what is configured and by what, and starts nothing', async () => {
  await inFolder({ 'emqx.conf': 'mqtt.max_inflight = 7' }, async (cwd) => {
    const env = { FLEETGAUGE_CONFIG: 'emqx.conf', EMQX_NODE__NAME: 'e@h', FLEETGAUGE_PORT: '1' };
    const { code, out, err } = await runCli(['broker', 'start', '--check'], { cwd, env });
    assert.equal(code, 0, err);
    assert.match(out, /^node\.name = "e@h" +# environment variable EMQX_NODE__NAME$/m);
    assert.match(out, /^mqtt\.max_inflight = 7 +# emqx\.conf:1:21$/m);
    assert.match(out, /^listeners\.tcp\.default\.bind = "127\.0\.0\.1:1" +# --port$/m);
    assert.match(out, /^mqtt\.idle_timeout = 15s +# default$/m);
  });
});

it('broker start with a config that is no good: a line for each mistake, exit 2, nothing started', async () => {
  await inFolder({ 'bad.conf': 'node.rloe = core\nmqtt.max_inflight = 0' }, async (cwd) => {
    const cases: [string[], RegExp][] = [
      [
        ['-c', 'bad.conf'],
        /^bad\.conf:1:6: node\.rloe: .*\nbad\.conf:2:21: mqtt\.max_inflight: .*\n$/,
      ],
      [['--config=none.conf'], /^none\.conf: expected a file that can be read, found none\n$/],
      [['-c', '.'], /^\.: expected a file that can be read, found EISDIR/],
      [['-c', 'bad.conf', '-c', 'bad.conf'], /^--config: given twice/],
      [['--set', 'mqtt.max_inflight'], /^--set mqtt\.max_inflight: expected key=value/],
      [['--set'], /^--set: a value is missing; see fleetgauge/],
      [['--port', 'x'], /^--port: expected a number/],
    ];
    for (const [args, says] of cases) {
      const { code, out, err } = await runCli(['broker', 'start', ...args], { cwd });
      assert.equal(code, 2, err);
      assert.match(err, says);
      assert.equal(out, '');
    }
  });
});
