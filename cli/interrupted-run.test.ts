import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decode, encode, Framer, type Packet } from '../wire/mod.js';
import { inFolder, type Started, startCli } from './cli-under-test.js';
import { truthOf } from './testing/record-truth.js';

const SCENARIO = `name: stages
connect: { ratePerSec: 200, timeout: 5s }
groups:
  - name: d
    count: 40
    publish: [{ topic: 't/%i', qos: 1, arrivals: { kind: periodic, interval: 100ms } }]
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 2s }
  - { name: drain, kind: drain, duration: 20s }
`;

/** A server that counts what reaches it, and answers publishes while it is told to. */
interface CountingServer {
  target: string;
  published: number;
  acknowledges: boolean;
  greets: boolean;
  connections: number;
}

async function withServer(play: (server: CountingServer) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const state = { target: '', published: 0, acknowledges: true, greets: true, connections: 0 };
  const answer = (packet: Packet, socket: Socket): void => {
    if (packet.type === 'connect' && state.greets) {
      socket.write(encode({ type: 'connack', sessionPresent: false, reasonCode: 0 }, 5));
    }
    if (packet.type !== 'publish') return;
    state.published += 1;
    if (state.acknowledges) {
      socket.write(encode({ type: 'puback', packetId: packet.packetId!, reasonCode: 0 }, 5));
    }
  };
  const server = createServer((socket) => {
    state.connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    const framer = new Framer(65_536);
    framer.version = 5;
    socket.on('data', (bytes) => {
      framer.push(bytes, bytes.length, {
        frame(frame, start, bodyStart, end) {
          answer(decode(frame, start, bodyStart, end, 5), socket);
          return true;
        },
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  state.target = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await play(state);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
}

async function until(isSo: () => boolean, run: Started): Promise<void> {
  for (let waited = 0; !isSo(); waited += 10) {
    assert.ok(waited < 30_000, run.output.err);
    await sleep(10);
  }
}

/** Runs the scenario, sends signals when it is time, and hands the record's folder on when all is over. */
async function interrupted(
  server: CountingServer,
  isTime: (run: Started, folder: string) => boolean,
  signals: readonly NodeJS.Signals[],
  set: readonly string[],
  then: (code: number | null, err: string, folder: string) => Promise<void>,
): Promise<void> {
  await inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
    const args = ['run', 's.yaml', '--target', server.target, '--out', 'rec', '--probe', 'none'];
    const run = startCli([...args, ...set.flatMap((one) => ['--set', one])], { cwd });
    try {
      await until(() => isTime(run, join(cwd, 'rec')) || run.process.exitCode !== null, run);
      for (const signal of signals) {
        run.process.kill(signal);
        await sleep(20);
      }
      const { code, err } = await run.ended;
      await then(code, err, join(cwd, 'rec'));
    } finally {
      run.process.kill('SIGKILL');
    }
  });
}

// Nothing is timed here, and most of it is waiting: so several at once.
describe('a run that is told to end', { concurrency: 4 }, () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`${signal} while the target is tried: exit 7 at once, one line, nothing written`, async () => {
      await withServer(async (server) => {
        server.greets = false;
        let began = 0;
        const isTime = () => {
          if (server.connections > 0) began ||= Date.now();
          return began > 0;
        };
        await interrupted(server, isTime, [signal], [], async (code, err, folder) => {
          assert.equal(code, 7, err);
          assert.match(err, /stopped before anything connected: no record was written\n$/);
          assert.ok(!existsSync(folder));
          assert.ok(Date.now() - began < 4_500, 'it did not wait for the 5 s of the trial');
        });
      });
    });

    it(`${signal} while the fleet comes up: no record, or a whole one of a run that was interrupted`, async () => {
      await withServer(async (server) => {
        let triedAt = 0;
        const isTime = () => {
          if (server.connections > 0) triedAt ||= Date.now();
          return triedAt > 0 && Date.now() - triedAt > 150;
        };
        await interrupted(server, isTime, [signal], [], async (code, err, folder) => {
          assert.equal(code, 7, err);
          if (!existsSync(folder)) assert.match(err, /no record was written\n$/);
          else assert.equal((await truthOf(folder)).state, 'interrupted');
        });
      });
    });

    it(`${signal} in the ramp: a whole record of those that connected, exit 7`, async () => {
      await withServer(async (server) => {
        const isTime = () => server.connections > 10;
        const slow = ['connect.ratePerSec=20'];
        await interrupted(server, isTime, [signal], slow, async (code, err, folder) => {
          assert.equal(code, 7, err);
          const record = await truthOf(folder);
          assert.equal(record.state, 'interrupted');
          const { attempted, succeeded, failed, lost } = record.totals.connects;
          // The first connection was the trial.
          assert.ok(attempted >= 10 && attempted < 40, `${attempted}`);
          assert.ok(succeeded <= attempted && server.connections - 1 <= attempted);
          assert.deepEqual([failed, lost], [0, 0]);
          assert.equal(record.totals.publishes.sent, 0);
          assert.equal(record.verdict.state, 'invalid');
        });
      });
    });

    it(`${signal} in the drain: what was sent is what came, and what is not answered is not`, async () => {
      await withServer(async (server) => {
        server.acknowledges = false;
        const isTime = (run: Started) => /drain/.test(run.output.err);
        const open = ['groups.d.inflight=1000'];
        await interrupted(server, isTime, [signal], open, async (code, err, folder) => {
          assert.equal(code, 7, err);
          const record = await truthOf(folder);
          assert.equal(record.state, 'interrupted');
          const { scheduled, sent, acked } = record.totals.publishes;
          assert.deepEqual([scheduled, acked], [sent, 0]);
          assert.equal(sent, server.published);
          assert.ok(sent >= 750 && sent <= 850, `${sent}: 400 a second for 2 s`);
        });
      });
    });
  }

  it('SIGTERM to all its processes, as a service is stopped, ends a run in order', async () => {
    await withServer((server) =>
      inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
        const args = [
          'run',
          's.yaml',
          '--target',
          server.target,
          '--out',
          'rec',
          '--probe',
          'none',
        ];
        const run = startCli(args, { cwd, ownGroup: true });
        try {
          await until(() => server.published > 300, run);
          process.kill(-run.process.pid!, 'SIGTERM');
          const { code, err } = await run.ended;
          assert.equal(code, 7, err);
          const record = await truthOf(join(cwd, 'rec'));
          assert.deepEqual([record.state, record.generator.shardsLost], ['interrupted', 0]);
          assert.equal(record.totals.publishes.sent, server.published);
        } finally {
          run.process.kill('SIGKILL');
        }
      }),
    );
  });

  it('a second signal ends a run at once: the record reads as one that was killed, or is done', async () => {
    await withServer(async (server) => {
      const isTime = () => server.published > 300;
      const signals = ['SIGINT', 'SIGTERM'] as const;
      await interrupted(server, isTime, signals, [], async (code, err, folder) => {
        assert.equal(code, 7, err);
        const record = await truthOf(folder);
        assert.ok(record.state !== 'finished');
        assert.ok(record.totals.publishes.sent <= server.published + 40);
      });
    });
  });

  it('a signal while the record is written leaves it whole: finished or interrupted, as the exit code says', async () => {
    for (const afterMs of [0, 30]) {
      await withServer(async (server) => {
        // All is answered after 2 s, and the drain ends when all is quiet: then devices say goodbye and the end is written.
        let quietSince = 0;
        const isTime = (run: Started) => {
          if (!/drain/.test(run.output.err)) return false;
          quietSince ||= Date.now();
          return Date.now() - quietSince >= afterMs;
        };
        await interrupted(server, isTime, ['SIGTERM'], [], async (code, err, folder) => {
          const record = await truthOf(folder);
          assert.ok(record.finishedAt !== null, err);
          // When all is written a signal ends it as it ends any program.
          const codes = record.state === 'interrupted' ? [7] : [0, null];
          assert.ok(codes.includes(code), `${record.state}, exit ${code}`);
          assert.equal(record.totals.publishes.sent, server.published);
        });
      });
    }
  });
});
