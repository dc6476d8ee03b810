import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { hostFacts } from './host-facts.js';
import { pidListening } from './listening.js';
import { ProcProbe } from './proc-probe.js';

/** Burns CPU in a worker, then in its main thread, says what the system says it used, then waits. */
const BURNER = `
  import { Worker } from 'node:worker_threads';
  const used = () => { const { user, system } = process.cpuUsage(); return user + system; };
  const worker = new Worker('const used = ' + used + '; while (used() < 300000);', { eval: true });
  await new Promise((resolve) => worker.on('exit', resolve));
  while (used() < 600000);
  console.log(used());
  setInterval(() => {}, 1000);
`;

describe('a real process', () => {
  it('has the CPU time that it says itself, a thread that ended included, and memory', async () => {
    await withNode(BURNER, async (child, line) => {
      const probe = new ProcProbe('burner', child.pid ?? 0);
      probe.sample(0);
      const ownUs = Number(await line());
      const sample = probe.sample(1_000_000);
      // Between its words and our look it idles; two coarse ticks below, its last words above.
      assert.ok(ownUs >= 600_000);
      assert.ok(
        sample.cpuUs >= ownUs - 40_000 && sample.cpuUs <= ownUs + 150_000,
        `${sample.cpuUs} against ${ownUs}`,
      );
      assert.ok(sample.rssBytes > 10e6 && sample.rssBytes < 2e9);
      assert.ok(sample.threads.some((thread) => thread.tid === child.pid));
    });
  });

  it('is data when it is killed', async () => {
    await withNode(`console.log('up'); setInterval(() => {}, 1000);`, async (child, line) => {
      await line();
      const probe = new ProcProbe('victim', child.pid ?? 0);
      const before = probe.sample(0);
      assert.equal(before.gone, false);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const after = probe.sample(1);
      assert.equal(after.gone, true);
      assert.equal(after.cpuUs, before.cpuUs);
    });
  });

  it('is found by the port it listens on', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const address = server.address();
      assert.ok(address !== null && typeof address === 'object');
      assert.equal(pidListening(address.port, '127.0.0.1'), process.pid);
    } finally {
      server.close();
    }
  });

  it('is found by its own address where another listens on the same port of another one', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const listen = `require('node:net').createServer().listen(${port}, '127.0.0.2', () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      assert.equal(pidListening(port, '127.0.0.1'), process.pid);
      assert.equal(pidListening(port, 'localhost'), process.pid);
      assert.equal(pidListening(port, '127.0.0.2'), child.pid);
      assert.throws(() => pidListening(port, '127.0.0.3'), { code: 'NO_LISTENER' });
    } finally {
      child.kill('SIGKILL');
      server.close();
    }
  });

  it('is found on every address by one listener of all, IPv6 or not', async () => {
    for (const host of ['0.0.0.0', '::']) {
      const server = createServer().listen(0, host);
      await once(server, 'listening');
      try {
        const { port } = server.address() as AddressInfo;
        assert.equal(pidListening(port, '127.0.0.2'), process.pid);
      } finally {
        server.close();
      }
    }
  });

  it('runs on a host with facts', () => {
    const facts = hostFacts();
    assert.ok(facts.cores >= 1 && facts.memoryBytes > 0);
    assert.equal(facts.node, process.version);
    assert.match(facts.os, /^Linux /);
    assert.ok(facts.fileLimit === null || facts.fileLimit > 0);
  });
});

async function withNode(
  script: string,
  use: (child: ChildProcess, line: () => Promise<string>) => Promise<void>,
): Promise<void> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    await use(child, async () => String((await lines.next()).value));
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}
