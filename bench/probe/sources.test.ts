import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { credentialsOf } from './credentials.js';
import { parseExposition } from './exposition.js';
import { makeProbe } from './make-probe.js';
import { ProbeError } from './probe-error.js';
import { checkProbeNames, parseProbe } from './probe-spec.js';
import { Meter, type Reading } from './reading.js';
import { SysTree } from './sys-tree.js';

const level = (metric: string, value: number, part = '') =>
  ({ part, metric, value, kind: 'level' }) as const;
const counter = (metric: string, value: number, part = '') =>
  ({ part, metric, value, kind: 'counter' }) as const;
const reading = (sec: number, samples: Reading['samples'], started?: number): Reading => ({
  atUs: sec * 1e6,
  samples,
  startedSec: new Map(started === undefined ? [] : [['', started]]),
});

test('a counter becomes a rate over the time between two readings, a level is as it is', () => {
  const meter = new Meter();
  assert.deepEqual(meter.take(reading(1, [counter('c', 10), level('l', 3)])), [
    { part: '', metric: 'l', value: 3, overSec: 0 },
  ]);
  assert.deepEqual(meter.take(reading(3, [counter('c', 20), level('l', 4)])), [
    { part: '', metric: 'c', value: 5, overSec: 2 },
    { part: '', metric: 'l', value: 4, overSec: 0 },
  ]);
});

test('a counter that fell, or that was started again and is higher all the same, has no rate', () => {
  const fallen = new Meter();
  fallen.take(reading(1, [counter('c', 10)]));
  assert.deepEqual(fallen.take(reading(2, [counter('c', 4)])), []);
  assert.equal(fallen.take(reading(3, [counter('c', 6)]))[0]?.value, 2);
  const again = new Meter();
  again.take(reading(1, [counter('c', 10)], 1000));
  assert.deepEqual(again.take(reading(2, [counter('c', 14)], 1500)), []);
  assert.equal(again.take(reading(3, [counter('c', 15)], 1500))[0]?.value, 1);
});

test('a reading that is not newer than the last is no news', () => {
  const meter = new Meter();
  meter.take(reading(2, [level('l', 1)]));
  assert.deepEqual(meter.take(reading(2, [level('l', 1)])), []);
});

test('whatever a counter does, its rates are never below zero and add up to what it rose', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { minLength: 2 }), (steps) => {
      const meter = new Meter();
      let value = 0;
      let sum = 0;
      steps.forEach((step, at) => {
        value += step;
        for (const rate of meter.take(reading(at + 1, [counter('c', value)]))) sum += rate.value;
      });
      assert.ok(Math.abs(sum - (value - steps[0]!)) < 1e-6);
    }),
  );
});

test('the exposition format is read with labels, escapes, times and special values', () => {
  const { series, types } = parseExposition(
    '# HELP a_total What it is.\n# TYPE a_total counter\n' +
      'a_total{path="C:\\\\x",say="\\"hi\\"\\n",} 1.5e3 1395066363000\nb +Inf\nc{x="}"} NaN\n\n',
  );
  assert.equal(types.get('a_total'), 'counter');
  assert.deepEqual(series[0], {
    name: 'a_total',
    labels: new Map([
      ['path', 'C:\\x'],
      ['say', '"hi"\n'],
    ]),
    value: 1500,
    timestampMs: 1_395_066_363_000,
  });
  assert.equal(series[1]?.value, Number.POSITIVE_INFINITY);
  assert.ok(Number.isNaN(series[2]?.value));
  for (const bad of ['<html>', 'a{b="c} 1', 'a', 'a 1 2 3', 'a x']) {
    assert.throws(() => parseExposition(bad), { code: 'NOT_READABLE' }, bad);
  }
});

test('what a label says comes back, whatever it is', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
      fc.pre(!/[\r\u2028\u2029]/.test(text));
      const { series } = parseExposition(`a{l="${escaped}"} 1`);
      assert.equal(series[0]?.labels.get('l'), text);
    }),
  );
});

test('mosquitto’s tree is news when an update comes, unchanged values with it', () => {
  const tree = new SysTree();
  const received = '$SYS/broker/bytes/received';
  tree.take(received, '100', true, 0);
  tree.take('$SYS/broker/version', 'mosquitto version 2.0.11', true, 0);
  tree.take('$SYS/broker/clients/connected', '5', true, 0);
  assert.equal(tree.reading(), undefined, 'what was retained has no age');
  const meter = new Meter();
  tree.take('$SYS/broker/uptime', '10 seconds', false, 1_000_000);
  assert.equal(tree.leftUs(1_020_000), 80_000);
  meter.take(tree.reading()!);
  assert.equal(tree.reading(), undefined, 'and is not repeated');
  tree.take('$SYS/broker/uptime', '20 seconds', false, 11_000_000);
  tree.take(received, '1100', false, 11_000_500);
  assert.deepEqual(
    meter.take(tree.reading()!).map(({ metric, value, overSec }) => [metric, value, overSec]),
    [
      ['bytes/receivedPerSec', 100, 10],
      ['clients/connected', 5, 0],
      ['uptime', 20, 0],
    ],
  );
  tree.take('$SYS/broker/uptime', '3 seconds', false, 21_000_000);
  tree.take(received, '1200', false, 21_000_500);
  assert.ok(!meter.take(tree.reading()!).some(({ metric }) => metric.startsWith('bytes/')));
});

test('EMQX’s tree is told by node, and only what came', () => {
  const tree = new SysTree();
  tree.take('$SYS/brokers/emqx1@h/stats/connections/count', '7', false, 1e6);
  tree.take('$SYS/brokers/emqx1@h/metrics/messages/received', '9', false, 1e6);
  assert.deepEqual(tree.reading()?.samples, [
    level('stats/connections/count', 7, 'emqx1@h'),
    counter('metrics/messages/receivedPerSec', 9, 'emqx1@h'),
  ]);
});

test('a probe that makes no sense is refused in one line with what would', () => {
  for (const [text, why] of [
    ['x', /expected name=pid, name=machine, name=prometheus:http/],
    ['x=emqx:ftp://h', /expected http:\/\/ or https:/],
    ['x=sys:http://h', /expected mqtt:/],
    ['x=prometheus:nowhere', /no URL/],
    ['x=emqx:http://key:secret@h', /credentials come from the environment/],
    ['x=prometheus:http://h/metrics#files', /expected name=series/],
    ['x=emqx:http://h#a=b', /only prometheus/],
    ['a b=1', /no blanks/],
  ] as const) {
    assert.throws(
      () => parseProbe(text),
      (error: unknown) =>
        error instanceof ProbeError &&
        error.code === 'INVALID' &&
        why.test(error.message) &&
        !error.message.includes('secret'),
      text,
    );
  }
  assert.throws(() => checkProbeNames([{ node: 'a' }, { node: 'a' }]), /two probes/);
});

test('credentials come from the environment or a file, a name’s own first', () => {
  const readFile = (path: string) => {
    if (path !== '/keys') throw new Error('ENOENT');
    return 'file:secret\nmore';
  };
  const env = {
    FLEETGAUGE_PROBE_CREDENTIALS: 'all:secret',
    FLEETGAUGE_PROBE_EMQX_1_CREDENTIALS_FILE: '/keys',
  };
  assert.equal(credentialsOf('emqx-1', { env, readFile }), 'file:secret');
  assert.equal(credentialsOf('other', { env, readFile }), 'all:secret');
  assert.equal(credentialsOf('other', { env: {}, readFile }), undefined);
  const lost = { FLEETGAUGE_PROBE_CREDENTIALS_FILE: '/nowhere' };
  assert.throws(() => credentialsOf('x', { env: lost, readFile }), /cannot read \/nowhere/);
});

type Answer = { status?: number; body: string };

/** A small HTTP server in the place of a target, on a port of its own. */
async function standIn(
  answer: (request: IncomingMessage) => Answer | undefined,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const server = createServer((request, response) => {
    const given = answer(request);
    if (given !== undefined) response.writeHead(given.status ?? 200).end(given.body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** What a probe sees at two looks, a second apart on its clock. */
async function twoLooks(spec: string, env: Record<string, string> = {}) {
  let nowUs = 0;
  const source = { env, readFile: () => '' };
  const probe = makeProbe(parseProbe(spec), () => nowUs, source);
  await probe.begin();
  nowUs += 1e6;
  const first = await probe.look();
  nowUs += 1e6;
  return { first, second: await probe.look() };
}

test('an endpoint of a target gives CPU, memory and the series that were named', async () => {
  let scrapes = 0;
  const body = () =>
    `# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ${5 + scrapes * 0.4}\n` +
    'process_resident_memory_bytes 1.5e+07\n# TYPE in counter\n' +
    `in{protocol="mqtt311"} ${scrapes * 10}\nin{protocol="mqtt50"} ${scrapes * 20}\n# TYPE open gauge\nopen 12\n`;
  await standIn(
    () => {
      scrapes += 1;
      return { body: body() };
    },
    async (url) => {
      const { second } = await twoLooks(
        `b=prometheus:${url}/metrics#in=in&in5=in{protocol="mqtt50"}&open=open`,
      );
      assert.equal(second.gap, null);
      assert.equal(Math.round(second.cpuPercent!), 40);
      assert.equal(second.rssBytes, 15_000_000);
      const value = (metric: string) => second.values.find((v) => v.metric === metric)?.value;
      assert.deepEqual([value('inPerSec'), value('in5PerSec'), value('open')], [30, 20, 12]);
    },
  );
});

test('a source that fails is a gap with its reason, and one that comes back is no mean over the gap', async () => {
  let scrapes = 0;
  await standIn(
    () =>
      ++scrapes === 2
        ? { status: 503, body: 'busy' }
        : { body: `process_cpu_seconds_total ${scrapes}\n` },
    async (url) => {
      const { first, second } = await twoLooks(`b=prometheus:${url}/metrics`);
      assert.equal(first.gap, 'answers HTTP 503');
      assert.equal(second.cpuPercent, null, 'two seconds are not one');
      assert.deepEqual(second.values, [{ part: '', metric: 'cpuPercent', value: 100, overSec: 2 }]);
    },
  );
});

test('a source that does not answer within the second is a gap', async () => {
  await standIn(
    () => undefined,
    async (url) => {
      const probe = makeProbe(parseProbe(`b=prometheus:${url}/metrics`), () => 0);
      assert.equal((await probe.look()).gap, 'no answer within 900 ms');
    },
  );
});

test('values with a time of their own that is long past are a gap', async () => {
  await standIn(
    () => ({ body: `process_cpu_seconds_total 5 ${Date.now() - 60_000}\n` }),
    async (url) => {
      const { second } = await twoLooks(`b=prometheus:${url}/metrics`);
      assert.match(second.gap!, /older than 5 s/);
    },
  );
});

const NODES = [
  {
    connections: 6,
    edition: 'Opensource',
    load1: 1.64,
    memory_total: '23.54G',
    memory_used: '979.33M',
    node: 'emqx1@127.0.0.1',
    node_status: 'running',
    process_used: 550,
    role: 'core',
    uptime: 479756,
    version: '5.0.24',
  },
  { node: 'emqx2@127.0.0.1', node_status: 'stopped' },
];

/** EMQX's own answers, emqx 5.0.24, with the counters that the test wants; two pages of nodes. */
function emqx(received: () => number) {
  return (request: IncomingMessage): Answer => {
    const key = `Basic ${Buffer.from('key:secret').toString('base64')}`;
    if (request.headers.authorization !== key) {
      return {
        status: 401,
        body: '{"code":"BAD_API_KEY_OR_SECRET","message":"Check api_key/api_secret"}',
      };
    }
    const { pathname, searchParams } = new URL(request.url!, 'http://h');
    const page = Number(searchParams.get('page') ?? 1);
    if (pathname === '/api/v5/nodes') {
      const meta = { count: 2, hasnext: page === 1, limit: 1, page };
      return { body: JSON.stringify({ data: [NODES[page - 1]], meta }) };
    }
    const own = { node: 'emqx1@127.0.0.1' };
    if (pathname === '/api/v5/stats') {
      return {
        body: JSON.stringify([{ ...own, 'live_connections.count': 4, 'connections.count': 6 }]),
      };
    }
    if (pathname === '/api/v5/metrics') {
      return {
        body: JSON.stringify([{ ...own, 'messages.received': received(), 'bytes.sent': 1446 }]),
      };
    }
    return { status: 404, body: '{"code":"NOT_FOUND","message":"?"}' };
  };
}

test('EMQX’s REST is read page by page, each node for itself', async () => {
  let received = 0;
  await standIn(
    emqx(() => (received += 16)),
    async (url) => {
      const env = { FLEETGAUGE_PROBE_CREDENTIALS: 'key:secret' };
      const { second } = await twoLooks(`e=emqx:${url}`, env);
      assert.equal(second.gap, null);
      const value = (part: string, metric: string) =>
        second.values.find((v) => v.part === `${part}@127.0.0.1` && v.metric === metric)?.value;
      assert.equal(value('emqx1', 'connections'), 6);
      assert.equal(value('emqx1', 'liveConnections'), 4);
      assert.equal(value('emqx1', 'load1'), 1.64);
      assert.equal(value('emqx1', 'machineMemoryUsedBytes'), 979.33 * 2 ** 20);
      assert.equal(value('emqx1', 'messagesReceivedPerSec'), 16);
      assert.equal(value('emqx2', 'running'), 0);
      assert.equal(value('emqx2', 'connections'), undefined);
    },
  );
});

test('EMQX without the right key is a gap that says where the key goes', async () => {
  await standIn(
    emqx(() => 1),
    async (url) => {
      const { second } = await twoLooks(`e=emqx:${url}`);
      assert.match(
        second.gap!,
        /401 \(BAD_API_KEY_OR_SECRET\): .*FLEETGAUGE_PROBE_CREDENTIALS=key:secret/,
      );
    },
  );
});
