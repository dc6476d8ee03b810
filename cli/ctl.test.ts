import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import mqtt from 'mqtt';
import { type Ended, inFolder, runCli, type Started, startCli } from './cli-under-test.js';
import { EXIT } from './exit-codes.js';

/** Brokers and `ctl` as a user starts them, with a runtime folder of their own. */
class Machine {
  readonly #folder: string;
  readonly #started: Started[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts a node on any port; resolves when it says that it takes connections. */
  async broker(nodeName: string): Promise<{ port: number; started: Started }> {
    const args = ['broker', 'start', '--port', '0', '--node-name', nodeName];
    const started = this.open(args);
    this.#started.push(started);
    while (!started.output.out.includes('\n')) {
      if (started.process.exitCode !== null) throw new Error(started.output.err);
      await once(started.process.stdout!, 'data');
    }
    return { port: Number(/:(\d+)\n/.exec(started.output.out)?.[1]), started };
  }

  ctl(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return runCli(['ctl', ...args], { env: this.#env(env) });
  }

  open(args: readonly string[]): Started {
    return startCli(args, { env: this.#env({}) });
  }

  run(args: readonly string[]): Promise<Ended> {
    return this.open(args).ended;
  }

  async sockets(): Promise<string[]> {
    return readdir(join(this.#folder, 'fleetgauge'));
  }

  async stop(): Promise<void> {
    for (const { process } of this.#started) {
      process.kill('SIGCONT');
      process.kill('SIGKILL');
    }
    await Promise.all(this.#started.map(({ ended }) => ended));
  }

  #env(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return { XDG_RUNTIME_DIR: this.#folder, FLEETGAUGE_NODE: '', ...more };
  }
}

async function onMachine(test: (machine: Machine) => Promise<void>): Promise<void> {
  await inFolder({}, async (folder) => {
    const machine = new Machine(folder);
    try {
      await test(machine);
    } finally {
      await machine.stop();
    }
  });
}

const N1 = 'n1@127.0.0.1';
const N2 = 'n2@127.0.0.1';

describe('fleetgauge ctl', () => {
  it('sees and changes what clients of a running node do', async () => {
    await onMachine(async (machine) => {
      const { port, started } = await machine.broker(N1);
      const status = await machine.ctl(['status']);
      assert.equal(status.code, 0, status.err);
      assert.match(status.out, /^Node 'n1@127\.0\.0\.1' \d+\.\d+\.\d+ is started\n$/);
      const options = {
        clientId: 'c1',
        protocolVersion: 5,
        reconnectPeriod: 0,
        username: 'u',
        keepalive: 30,
      } as const;
      const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, options);
      try {
        await client.subscribeAsync('a/#', { qos: 1, rh: 2 });
        await client.publishAsync('keep', 'x', { qos: 1, retain: true });
        const { localPort } = client.stream as unknown as { localPort: number };
        const shown = await machine.ctl(['clients', 'show', 'c1']);
        assert.match(
          shown.out,
          new RegExp(
            `^Client\\(c1, username=u, peername=127\\.0\\.0\\.1:${localPort}, clean_start=true, keepalive=30, .*` +
              'subscriptions=1, .*connected=true, created_at=(\\d+), connected_at=\\1\\)\\n$',
          ),
        );
        const createdAtMs = Number(/created_at=(\d+)/.exec(shown.out)?.[1]);
        assert.ok(Math.abs(Date.now() - createdAtMs) < 60_000, `${createdAtMs} is about now`);
        const topics = await machine.ctl(['topics', 'list']);
        assert.equal(topics.out, `a/# -> ${N1}\n`);
        const subscriptions = await machine.ctl(['subscriptions', 'show', 'c1']);
        assert.equal(subscriptions.out, 'c1 -> topic:a/# qos:1 nl:0 rh:2 rap:0\n');
        const listeners = await machine.ctl(['listeners']);
        assert.match(listeners.out, /^tcp:default\n[\s\S]*current_conn {4}: 1\n/);

        const message = new Promise<string>((resolve) => client.once('message', resolve));
        const added = await machine.ctl(['subscriptions', 'add', 'c1', 'keep', '1']);
        assert.deepEqual([added.code, added.out], [0, 'ok\n']);
        assert.equal(await message, 'keep');

        const told = new Promise<number | undefined>((resolve) => {
          client.once('disconnect', ({ reasonCode }) => resolve(reasonCode));
        });
        const kicked = await machine.ctl(['clients', 'kick', 'c1']);
        assert.deepEqual([kicked.code, kicked.out], [0, 'ok\n']);
        assert.equal(await told, 0x98);
        assert.equal((await machine.ctl(['clients', 'list'])).out, '');
      } finally {
        await client.endAsync(true);
      }
      started.process.kill('SIGTERM');
      assert.equal((await started.ended).code, 0);
      assert.deepEqual(await machine.sockets(), []);
    });
  });

  it('needs to be told which of several nodes is meant, by flag or environment', async () => {
    await onMachine(async (machine) => {
      await machine.broker(N1);
      await machine.broker(N2);
      const unclear = await machine.ctl(['status']);
      assert.deepEqual(
        [unclear.code, unclear.out, unclear.err],
        [2, '', `several nodes run on this machine, name one with --node: ${N1}, ${N2}\n`],
      );
      for (const args of [
        ['--node', N2, 'status'],
        [`--node=${N2}`, 'status'],
        ['status', '--node', N2],
      ]) {
        const { code, out } = await machine.ctl(args, { FLEETGAUGE_NODE: N1 });
        assert.equal(code, 0);
        assert.ok(out.startsWith(`Node '${N2}' `), out);
      }
      const { out } = await machine.ctl(['status'], { FLEETGAUGE_NODE: N1 });
      assert.ok(out.startsWith(`Node '${N1}' `), out);
      const other = await machine.ctl(['--node', 'n3@h', 'status']);
      assert.equal(other.code, 1);
      const line = `Node 'n3@h' is not running on this machine. Those that run: ${N1}, ${N2}\n`;
      assert.equal(other.err, line);
      const taken = await machine.run(['broker', 'start', '--port', '0', '--node-name', N1]);
      assert.deepEqual([taken.code, taken.out], [2, '']);
      assert.match(
        taken.err,
        /^a node named 'n1@127\.0\.0\.1' runs on this machine already: .*\n$/,
      );
    });
  });

  it('says so when no node runs, after one was killed, too, whose name is free again', async () => {
    await onMachine(async (machine) => {
      const nobody = "no node runs on this machine: start one with 'fleetgauge broker start'\n";
      const before = await machine.ctl(['status']);
      assert.deepEqual([before.code, before.err], [1, nobody]);
      const { started } = await machine.broker(N1);
      started.process.kill('SIGKILL');
      await started.ended;
      assert.deepEqual(await machine.sockets(), [`${N1}.sock`]);
      const after = await machine.ctl(['status']);
      assert.deepEqual([after.code, after.err], [1, nobody]);
      const named = await machine.ctl(['--node', N1, 'status']);
      assert.deepEqual(
        [named.code, named.err],
        [1, `Node '${N1}' is not running on this machine.\n`],
      );
      await machine.broker(N1);
      assert.equal((await machine.ctl(['status'])).code, 0);
    });
  });

  it('gives up on a node that does not move', async () => {
    await onMachine(async (machine) => {
      const { started } = await machine.broker(N1);
      started.process.kill('SIGSTOP');
      const { code, err } = await machine.ctl(['status']);
      assert.equal(code, 1);
      assert.match(err, /^Node 'n1@127\.0\.0\.1' not responding: .*\n$/);
    });
  });

  it('explains itself without a node, and ends with 2 on a command line without sense', async () => {
    await onMachine(async (machine) => {
      const help = await machine.ctl(['--help']);
      assert.equal(help.code, 0);
      assert.match(
        help.out,
        /^fleetgauge ctl \[--node <name>\] <command>\n[\s\S]*clients kick <Cl/,
      );
      const nothing = await machine.ctl([]);
      assert.deepEqual([nothing.code, nothing.out, nothing.err], [2, '', help.out]);
      const unnamed = await machine.ctl(['status', '--node']);
      assert.equal(unnamed.code, 2);
      assert.match(unnamed.err, /^--node needs the name of a node, .*\n$/);
      const long = await machine.ctl(['--node', 'x'.repeat(200), 'status']);
      assert.equal(long.code, 2);
      await machine.broker(N1);
      const unknown = await machine.ctl(['nosuch']);
      assert.deepEqual([unknown.code, unknown.out], [1, '']);
      assert.match(unknown.err, /^Usage: fleetgauge ctl\n-{110}\n/);
      const verbatim = await machine.ctl(['--', 'clients', 'show', '--node']);
      assert.deepEqual([verbatim.code, verbatim.err], [1, 'Not Found.\n']);
    });
  });

  it('ends quietly when nobody reads on', async () => {
    await onMachine(async (machine) => {
      await machine.broker(N1);
      const cut = machine.open(['ctl', 'broker', 'metrics']);
      cut.process.stdout!.destroy();
      const { code, err } = await cut.ended;
      assert.equal(err, '');
      assert.equal(code, EXIT.interrupted);
    });
  });
});
