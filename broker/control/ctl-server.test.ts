import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BrokerError } from '../errors.js';
import { startBroker } from '../mod.js';
import { SimulatedNode } from '../testing/simulation.js';
import { controlFolder, runningNodes } from './control-socket.js';
import { askNode } from './ctl-client.js';
import { CtlServer } from './ctl-server.js';
import type { NodeControl } from './node-control.js';
import { controlled, Transcript } from './testing/controlled.js';

const NODE = 'n1@127.0.0.1';
const USER_ID = process.getuid?.() ?? 0;

/** A folder for sockets that does not exist yet, and will not afterwards. */
async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'fg-ctl-'));
  try {
    await test(join(parent, 'fleetgauge'));
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

function open(
  folder: string,
  control: NodeControl = controlled(new SimulatedNode()),
  complain: (line: string) => void = () => {},
): Promise<CtlServer> {
  const wallClock = (): Date => new Date(0);
  return CtlServer.open(control, { folder, userId: USER_ID, wallClock, complain });
}

async function ask(folder: string, ...argv: string[]): Promise<{ exit: number } & Transcript> {
  const transcript = new Transcript();
  const exit = await askNode({ folder, node: NODE, argv }, transcript);
  return Object.assign(transcript, { exit });
}

const inUse = (error: unknown): boolean =>
  error instanceof BrokerError &&
  error.code === 'NODE_NAME_IN_USE' &&
  error.message.includes(`'${NODE}'`);

describe('the control socket of a node', () => {
  it('is in a folder for its user alone, takes commands, and goes with the node', async () => {
    await inFolder(async (folder) => {
      const server = await open(folder);
      assert.equal(statSync(folder).mode & 0o777, 0o700);
      assert.deepEqual(await readdir(folder), [`${NODE}.sock`]);
      const { exit, outText, errText } = await ask(folder, 'status');
      assert.deepEqual([exit, outText, errText], [0, `Node '${NODE}' 1.2.3 is started\n`, '']);
      const unknown = await ask(folder, 'nosuch');
      assert.equal(unknown.exit, 1);
      assert.match(unknown.errText, /^Usage: fleetgauge ctl\n/);
      await server.close();
      assert.deepEqual(await readdir(folder), []);
      await assert.rejects(ask(folder, 'status'), { code: 'NOT_RUNNING' });
    });
  });

  it('is refused while another node has the name, whose socket it leaves alone', async () => {
    await inFolder(async (folder) => {
      const first = await open(folder);
      await assert.rejects(open(folder), inUse);
      assert.deepEqual(await readdir(folder), [`${NODE}.sock`]);
      assert.equal((await ask(folder, 'status')).exit, 0);
      await first.close();
    });
  });

  it('takes the place of one whose node was killed', async () => {
    await inFolder(async (folder) => {
      mkdirSync(folder, { mode: 0o700 });
      // A file that nobody listens behind: connecting is refused as with a killed node's socket.
      writeFileSync(join(folder, `${NODE}.sock`), '');
      assert.deepEqual(await runningNodes(folder), []);
      const server = await open(folder);
      assert.deepEqual(await runningNodes(folder), [NODE]);
      assert.equal((await ask(folder, 'status')).exit, 0);
      await server.close();
    });
  });

  it('is had by one of many that want the name at the same time, over a dead one’s file or not', async () => {
    for (const stale of [false, true]) {
      await inFolder(async (folder) => {
        mkdirSync(folder, { mode: 0o700 });
        if (stale) writeFileSync(join(folder, `${NODE}.sock`), '');
        const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => open(folder)));
        const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
        try {
          assert.equal(won.length, 1);
          for (const outcome of outcomes) {
            if (outcome.status === 'rejected') {
              assert.ok(inUse(outcome.reason), String(outcome.reason));
            }
          }
          assert.deepEqual(await readdir(folder), [`${NODE}.sock`]);
          assert.equal((await ask(folder, 'status')).exit, 0);
        } finally {
          for (const { value } of won) await value.close();
        }
      });
    }
  });

  it('is not put where somebody else can get at it', async () => {
    await inFolder(async (folder) => {
      mkdirSync(folder);
      chmodSync(folder, 0o777);
      await (await open(folder)).close();
      assert.equal(statSync(folder).mode & 0o777, 0o700, 'our own folder is closed to others');
      const link = `${folder}-link`;
      symlinkSync(folder, link);
      await assert.rejects(open(link), { code: 'CONTROL_FAILED' });
      const options = { folder, userId: USER_ID + 1, wallClock: () => new Date(0) };
      const opening = CtlServer.open(controlled(new SimulatedNode()), {
        ...options,
        complain: () => {},
      });
      await assert.rejects(opening, { code: 'CONTROL_FAILED' });
      await assert.rejects(open(join(folder, 'x'.repeat(100))), { code: 'CONTROL_FAILED' });
    });
  });

  it('lies below XDG_RUNTIME_DIR, or else below the folder for temporary files', () => {
    assert.equal(
      controlFolder({ XDG_RUNTIME_DIR: '/run/user/7' }, '/t', 7),
      '/run/user/7/fleetgauge',
    );
    assert.equal(controlFolder({ XDG_RUNTIME_DIR: '' }, '/t', 7), '/t/fleetgauge-7');
    assert.equal(controlFolder({}, '/t', 7), '/t/fleetgauge-7');
  });
});

describe('commands over the socket', () => {
  /** A node with so many clients that their list is larger than what a socket holds. */
  function crowded(count: number): { control: NodeControl; made: () => number } {
    const control = controlled(new SimulatedNode());
    const simulated = new SimulatedNode();
    simulated.connected('c');
    const [client] = controlled(simulated).clients();
    assert.ok(client !== undefined);
    let made = 0;
    const clients = function* (): Generator<typeof client> {
      while (made < count) {
        made++;
        yield { ...client, clientId: `c${made}` };
      }
    };
    return { control: { ...control, clients }, made: () => made };
  }

  /** A reader that stops after the first bytes. */
  async function stalled(folder: string): Promise<Socket> {
    const socket = connect(join(folder, `${NODE}.sock`));
    socket.write('{"argv":["clients","list"]}\n');
    for (let bytes = 0; bytes < 1000; ) {
      const [part] = (await once(socket, 'data')) as [Buffer];
      bytes += part.length;
    }
    socket.pause();
    return socket;
  }

  it('a long list comes whole, and the node does other things meanwhile', async () => {
    await inFolder(async (folder) => {
      const { control } = crowded(20_000);
      const server = await open(folder, control);
      let lines = 0;
      let last = '';
      let turns = 0;
      let isDone = false;
      const turn = (): void => {
        turns++;
        if (!isDone) setImmediate(turn);
      };
      turn();
      const out = (line: string): void => {
        lines++;
        last = line;
      };
      const argv = ['clients', 'list'];
      const exit = await askNode({ folder, node: NODE, argv }, { out, err: assert.fail });
      isDone = true;
      assert.equal(exit, 0);
      assert.equal(lines, 20_000);
      assert.match(last, /^Client\(c20000, /);
      assert.ok(turns > 30, `${turns} turns of the event loop`);
      await server.close();
    });
  });

  it('a long list waits for its reader, and is given up when the reader is gone', async () => {
    await inFolder(async (folder) => {
      const { control, made } = crowded(1_000_000);
      const server = await open(folder, control);
      const reader = await stalled(folder);
      // As long as it moves, the sockets are not full.
      for (let before = -1; before !== made(); ) {
        before = made();
        for (let n = 0; n < 50; n++) await new Promise((resolve) => setImmediate(resolve));
      }
      assert.ok(made() < 100_000, `${made()} lines were made for nobody`);
      assert.equal((await ask(folder, 'status')).exit, 0, 'others are served');
      reader.destroy();
      await once(reader, 'close');
      await server.close();
      assert.ok(made() < 100_000, `${made()} lines were made for nobody`);
    });
  });

  it('what is no request gets the usage page, and a defect in a command ends that command only', async () => {
    await inFolder(async (folder) => {
      const complaints: string[] = [];
      const broken = {
        ...controlled(new SimulatedNode()),
        uptimeMs: () => {
          throw new Error('boom');
        },
      };
      const server = await open(folder, broken, (line) => complaints.push(line));
      for (const garbage of ['hello\n', '{"argv":"x"}\n', 'null\n', 'x'.repeat(1_100_000)]) {
        const socket = connect(join(folder, `${NODE}.sock`));
        let text = '';
        socket.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        socket.on('error', () => {});
        socket.write(garbage);
        await once(socket, 'close');
        assert.match(text, /Usage: fleetgauge ctl.*\n\{"exit":1\}\n$/, garbage.slice(0, 20));
      }
      const { exit, errText } = await ask(folder, 'broker');
      assert.equal(exit, 1);
      assert.match(errText, /bug in Fleetgauge.*boom/);
      assert.equal(complaints.length, 1);
      assert.equal((await ask(folder, 'status')).exit, 0);
      await server.close();
    });
  });

  it('a node that says nothing, or ends in the middle, is told apart from one that is not there', async () => {
    await inFolder(async (folder) => {
      mkdirSync(folder, { mode: 0o700 });
      let greeting = '';
      const sockets: Socket[] = [];
      const mute = createServer((socket) => {
        sockets.push(socket);
        if (greeting !== '') socket.end(greeting);
      });
      mute.listen(join(folder, `${NODE}.sock`));
      await once(mute, 'listening');
      const request = { folder, node: NODE, argv: ['status'] };
      const asking = askNode(request, new Transcript(), 50);
      await assert.rejects(asking, { code: 'NOT_RESPONDING', message: /^Node 'n1@127.0.0.1' not/ });
      greeting = '{"node":"n1"}\n{"out":"half"}\n{"ou';
      await assert.rejects(ask(folder, 'status'), { code: 'WENT_AWAY' });
      for (const socket of sockets) socket.destroy();
      mute.close();
      const nobody = { ...request, node: 'nobody@here' };
      await assert.rejects(askNode(nobody, new Transcript()), { code: 'NOT_RUNNING' });
    });
  });
});

it('a broker opens its socket only if it is told where, and starts nothing under a name in use', async () => {
  await inFolder(async (folder) => {
    const config = { port: 0, sysIntervalMs: 0, nodeName: NODE };
    const quiet = await startBroker(config);
    assert.equal(existsSync(folder), false);
    const broker = await startBroker(config, { controlFolder: folder, version: '9.9.9' });
    try {
      const { outText } = await ask(folder, 'status');
      assert.equal(outText, `Node '${NODE}' 9.9.9 is started\n`);
      const { port } = broker.listeners[0]!;
      assert.match((await ask(folder, 'listeners')).outText, new RegExp(`127.0.0.1:${port}\n`));
      await assert.rejects(startBroker(config, { controlFolder: folder }), inUse);
      // A port that is taken leaves no socket behind.
      const other = { ...config, port, nodeName: 'n2@127.0.0.1' };
      const starting = startBroker(other, { controlFolder: folder });
      await assert.rejects(starting, { code: 'ADDRESS_IN_USE' });
      assert.deepEqual(await runningNodes(folder), [NODE]);
    } finally {
      await quiet.close(100);
      await broker.close(100);
    }
    assert.deepEqual(await readdir(folder), []);
  });
});
