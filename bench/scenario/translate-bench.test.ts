import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BenchFlagError } from './bench-argv.js';
import { BENCH_FLAGS, type BenchVerb, benchFlags } from './bench-flags.js';
import { ScenarioSource } from './source.js';
import { scenarioToYaml } from './spelling.js';
import { type BenchTranslation, translateBench } from './translate-bench.js';

/** Every option of `emqtt_bench conn|sub|pub --help`, version 0.6.2. */
const REFERENCE = {
  conn: [
    ...['help', 'dist', 'host', 'port', 'version', 'count', 'connrate', 'interval', 'ifaddr'],
    ...['prefix', 'shortids', 'startnumber', 'num-retry-connect', 'reconnect', 'ssl'],
    ...['ssl-version', 'cacertfile', 'certfile', 'keyfile', 'ciphers', 'signature-algs'],
    ...['keyex-algs', 'quic', 'load-qst', 'ws', 'username', 'password', 'keepalive', 'clean'],
    ...['session-expiry', 'lowmem', 'force-major-gc-interval', 'qoe', 'qoelog', 'prometheus'],
    ...['restapi', 'log_to'],
  ],
  sub: ['topic', 'qos', 'payload-hdrs'],
  pub: [
    ...['interval_of_msg', 'topic', 'payload-hdrs', 'size', 'message', 'topics-payload', 'qos'],
    ...['retain', 'limit', 'inflight', 'wait-before-publishing', 'min-random-wait'],
    ...['max-random-wait', 'retry-interval', 'keep-connected'],
  ],
};
const SHORT = { d: 'dist', h: 'host', p: 'port', V: 'version', c: 'count', R: 'connrate' };
const SHORT_MORE = { i: 'interval', n: 'startnumber', S: 'ssl', u: 'username', P: 'password' };
const SHORT_REST = { k: 'keepalive', C: 'clean', x: 'session-expiry', l: 'lowmem', Q: 'qoe' };
const SHORT_PUB = { I: 'interval_of_msg', t: 'topic', s: 'size', m: 'message', q: 'qos' };
const SHORT_PUB_MORE = { r: 'retain', L: 'limit', F: 'inflight', w: 'wait-before-publishing' };
const SHORTS = { ...SHORT, ...SHORT_MORE, ...SHORT_REST, ...SHORT_PUB, ...SHORT_PUB_MORE };

test("the table has every flag of emqtt-bench's help, with its short form, and one of ours", () => {
  const conn = [...REFERENCE.conn, 'duration'];
  const names = (verb: BenchVerb) => benchFlags(verb).map(({ long }) => long);
  assert.deepEqual(names('conn').toSorted(), conn.toSorted());
  assert.deepEqual(names('sub').toSorted(), [...conn, ...REFERENCE.sub].toSorted());
  assert.deepEqual(names('pub').toSorted(), [...conn, ...REFERENCE.pub].toSorted());
  const shorts = BENCH_FLAGS.flatMap(({ short, long }) =>
    short === undefined ? [] : [[short, long]],
  );
  assert.deepEqual(Object.fromEntries(shorts), SHORTS);
});

const TOPIC = {
  name: 'one/%i',
  interval_ms: '100',
  inject_timestamp: true,
  QoS: 1,
  payload_encoding: 'json',
  payload: { id: '50%i{bool}', timestamp: '0' },
  stream: 0,
  stream_priority: 0,
};
const SECOND = {
  name: 'two/%c',
  interval_ms: 5000,
  inject_timestamp: 's',
  QoS: 0,
  retain: true,
  payload: { data: '%p2' },
  render: 'data',
  stream: 3,
};

const FILES = new Map([
  ['t.json', '{"id":"%i","t":%TIMESTAMP%,"r":"%rand_5","p":"100%","x":"%c"}'],
  ['plain.txt', 'hello'],
  ['topics.json', JSON.stringify({ topics: [TOPIC, { ...TOPIC, ...SECOND }] })],
  ['not.json', '{'],
  ['wrong.json', JSON.stringify({ topics: [{ ...TOPIC, interval_ms: '1s', QoS: 3 }] })],
  ['eterm.json', JSON.stringify({ topics: [{ ...TOPIC, payload_encoding: 'eterm' }] })],
  ['render.json', JSON.stringify({ topics: [{ ...TOPIC, render: 'id' }] })],
]);

function readText(path: string): string {
  const text = FILES.get(path);
  if (text !== undefined) return text;
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
}

const OWN = [
  { name: 'out', takesValue: true },
  { name: 'dry-run', takesValue: false },
];

/** Words, with pub's topic added where the row does not care about it. */
function translate(verb: BenchVerb, line: string): BenchTranslation {
  const words = line.split(' ').filter(Boolean);
  const topic =
    words.some((word) => /^(-t|--topic(?:=.*)?$)/.test(word)) || verb === 'conn' ? [] : ['-t', 'x'];
  return translateBench(verb, [...words, ...topic], { own: OWN, readText });
}

const group = (t: BenchTranslation) => t.scenario.groups[0]!;
const stream = (t: BenchTranslation) => group(t).publish[0]!;
const duration = (t: BenchTranslation) => {
  const steady = t.scenario.phases[1]!;
  assert.equal(steady.kind, 'steady');
  return steady.kind === 'steady' ? steady.durationUs / 1e6 : 0;
};

const stays = (t: BenchTranslation) => {
  const steady = t.scenario.phases[1]!;
  return steady.kind === 'steady' ? [steady.durationUs / 1e6, steady.whole] : [];
};

/** One row for each flag: what the line gives, a note (accepted), or an error (refused). */
const ROWS: [
  flag: string,
  verb: BenchVerb,
  line: string,
  expected: RegExp | [(t: BenchTranslation) => unknown, unknown],
][] = [
  ['help', 'conn', '--help', [(t) => t.scenario.name, 'conn']],
  ['dist', 'conn', '-d', /-d: no effect: there is no Erlang node/],
  [
    'host',
    'conn',
    '-h a,b,::1',
    [(t) => t.target, ['mqtt://a:1883', 'mqtt://b:1883', 'mqtt://[::1]:1883']],
  ],
  ['host', 'conn', '', [(t) => t.target, ['mqtt://localhost:1883']]],
  ['port', 'conn', '-h a -p 1999', [(t) => t.target, ['mqtt://a:1999']]],
  ['port', 'conn', '-p 0', /-p, --port: expected a whole number from 1 to 65535, not '0'/],
  ['version', 'conn', '-V 3', [(t) => group(t).protocol, 3]],
  ['version', 'conn', '--version=4', [(t) => group(t).protocol, 4]],
  ['version', 'conn', '', [(t) => group(t).protocol, 5]],
  ['version', 'conn', '-V 6', /-V, --version: expected one of 3, 4, 5, not '6'/],
  ['count', 'conn', '-c 10000', [(t) => group(t).count, 10_000]],
  ['count', 'conn', '-c10k', [(t) => group(t).count, 10_000]],
  ['count', 'conn', '', [(t) => group(t).count, 200]],
  ['count', 'conn', '-c many', /-c, --count: expected a whole number/],
  ['count', 'conn', '-c', /-c: a value is missing/],
  ['count', 'conn', '-c 5 --count 6', /--count: given twice/],
  ['connrate', 'conn', '-R 1500', [(t) => t.scenario.connect.ratePerSec, 1500]],
  ['connrate', 'conn', '-R 0 -i 5', [(t) => t.scenario.connect.ratePerSec, 200]],
  ['interval', 'conn', '-i 1', [(t) => t.scenario.connect.ratePerSec, 1000]],
  ['interval', 'conn', '', [(t) => t.scenario.connect.ratePerSec, 100]],
  ['interval', 'conn', '-i 0', /-i, --interval: 0 is no rate of connects: say it with -R/],
  ['interval', 'conn', '-i 0 -R 70', [(t) => t.scenario.connect.ratePerSec, 70]],
  ['interval', 'conn', '-i 5 -R 70', [(t) => t.scenario.connect.ratePerSec, 70]],
  [
    'ifaddr',
    'conn',
    '--ifaddr 127.0.0.2,::1',
    [(t) => t.scenario.sourceAddresses, ['127.0.0.2', '::1']],
  ],
  ['ifaddr', 'conn', '--ifaddr eth0', /sourceAddresses\.0: expected an IP address of this machine/],
  ['prefix', 'pub', '--prefix p%i', [(t) => group(t).clientId, 'p%%i_bench_pub_%i']],
  ['prefix', 'pub', '', [(t) => group(t).clientId, 'fg_bench_pub_{run}_%i']],
  ['shortids', 'sub', '--shortids', [(t) => group(t).clientId, '%i']],
  ['shortids', 'sub', '--shortids true --prefix p', [(t) => group(t).clientId, 'p%i']],
  ['startnumber', 'conn', '-n 500', [(t) => group(t).startNumber, 501]],
  ['startnumber', 'conn', '', [(t) => group(t).startNumber, 1]],
  ['num-retry-connect', 'conn', '--num-retry-connect 3', [(t) => t.scenario.connect.retries, 3]],
  ['num-retry-connect', 'conn', '', [(t) => t.scenario.connect.retries, undefined]],
  ['num-retry-connect', 'conn', '--num-retry-connect 3', [(t) => group(t).reconnect, undefined]],
  [
    'reconnect',
    'conn',
    '--reconnect 4',
    [
      (t) => group(t).reconnect,
      { initialUs: 5e6, maxUs: 5e6, multiplier: 1, jitter: 0, limit: 4, first: false },
    ],
  ],
  ['reconnect', 'conn', '--reconnect=0', [(t) => group(t).reconnect, undefined]],
  ['ssl', 'conn', '-S -h a', [(t) => t.target, ['mqtts://a:1883']]],
  ['ssl', 'conn', '-S', [(t) => t.scenario.tls, { verify: false }]],
  ['ssl', 'conn', '--ssl false', [(t) => t.scenario.tls, undefined]],
  [
    'ssl-version',
    'conn',
    '--ssl-version tlsv1.3',
    [(t) => t.scenario.tls, { verify: false, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' }],
  ],
  [
    'ssl-version',
    'conn',
    '--ssl-version tlsv1.3_nocompat',
    /tlsv1.3_nocompat: as tlsv1.3; Node cannot leave out the middlebox mode/,
  ],
  ['ssl-version', 'conn', '--ssl-version sslv3', /--ssl-version: expected one of tlsv1.1, tlsv1.2/],
  ['cacertfile', 'conn', '-S --cacertfile ca.pem', [(t) => t.scenario.tls, { ca: 'ca.pem' }]],
  ['cacertfile', 'conn', '--cacertfile ca.pem', /--cacertfile: has a meaning with -S only/],
  [
    'certfile',
    'conn',
    '-S --certfile c.pem --keyfile k.pem',
    [(t) => t.scenario.tls, { cert: 'c.pem', key: 'k.pem', verify: false }],
  ],
  ['keyfile', 'conn', '-S --keyfile k.pem', /tls\.cert: expected the certificate of the key/],
  [
    'ciphers',
    'conn',
    '-S --ciphers A,B --cacertfile c',
    [(t) => t.scenario.tls, { ca: 'c', ciphers: 'A:B' }],
  ],
  [
    'signature-algs',
    'conn',
    '-S --signature-algs ed25519,rsa_pss_rsae_sha256',
    [(t) => t.scenario.tls?.signatureAlgorithms, 'ed25519:rsa_pss_rsae_sha256'],
  ],
  ['signature-algs', 'conn', '--signature-algs x', /--signature-algs: has a meaning with -S only/],
  [
    'keyex-algs',
    'conn',
    '-S --keyex-algs x25519,secp256r1',
    [(t) => t.scenario.tls?.keyExchange, 'x25519:secp256r1'],
  ],
  [
    'quic',
    'conn',
    '--quic true',
    /--quic: there is no QUIC here: leave it out to measure over TCP/,
  ],
  ['quic', 'conn', '--quic false', [(t) => t.notes.length, 1]],
  ['load-qst', 'conn', '--load-qst f', /--load-qst: there is no QUIC here/],
  ['ws', 'conn', '--ws -h a -p 8083', [(t) => t.target, ['ws://a:8083/mqtt']]],
  ['ws', 'conn', '--ws -S -h a -p 8084', [(t) => t.target, ['wss://a:8084/mqtt']]],
  ['ws', 'conn', '--ws false', [(t) => t.target, ['mqtt://localhost:1883']]],
  ['username', 'conn', '-u %i', [(t) => group(t).username, '%i']],
  ['username', 'conn', '-u joe%g', [(t) => group(t).username, 'joe%%g']],
  ['username', 'conn', '-u u-%i', /-u u-%i: placeholders are filled in/],
  ['username', 'conn', '-u %rand_9', [(t) => group(t).username, '%rand_9']],
  ['username', 'conn', '-u %rand_9', [(t) => t.notes.length, 1]],
  [
    'username',
    'sub',
    '-u %rand_9 -t a/%u',
    /groups.0.subscribe.0.filter: expected no %u beside a random user name/,
  ],
  ['password', 'conn', '-u u -P a%i', [(t) => group(t).password, 'a%%i']],
  ['keepalive', 'conn', '-k 60', [(t) => group(t).keepAliveUs, 60_000_000]],
  ['keepalive', 'conn', '', [(t) => group(t).keepAliveUs, 300_000_000]],
  ['keepalive', 'conn', '-k 70000', /-k, --keepalive: expected/],
  ['clean', 'conn', '-C false', [(t) => group(t).cleanStart, false]],
  ['clean', 'conn', '-C -k 5', [(t) => group(t).cleanStart, true]],
  ['session-expiry', 'conn', '-x 300', [(t) => group(t).sessionExpiryUs, 300_000_000]],
  ['session-expiry', 'conn', '-x 4294967295', [(t) => group(t).sessionExpiryUs, 4294967295e6]],
  ['lowmem', 'conn', '-l', /-l: no effect: devices are small/],
  ['force-major-gc-interval', 'conn', '--force-major-gc-interval 5', /no effect: devices/],
  ['qoe', 'conn', '-Q true', /-Q: connect, subscribe, publish and delivery are always timed/],
  ['qoe', 'conn', '--qoe false', [(t) => t.notes.length, 1]],
  ['qoe', 'conn', '--qoe dump', /-Q, --qoe: there is no binary log to dump: the .hlog files/],
  ['qoelog', 'conn', '--qoe dump --qoelog f', /--qoelog: no log of its own: the .hlog files/],
  ['prometheus', 'conn', '--prometheus', [(t) => t.rest, ['--prometheus']]],
  ['restapi', 'conn', '--restapi 0.0.0.0:8080', [(t) => t.rest, ['--restapi=0.0.0.0:8080']]],
  ['log_to', 'conn', '--log_to null', [(t) => t.showsProblems, false]],
  ['log_to', 'conn', '', [(t) => t.showsProblems, true]],
  ['log_to', 'conn', '--log_to file', /--log_to: expected one of console, null/],
  [
    'topic',
    'sub',
    '-t a/%i -t $share/g/b/#',
    [
      (t) => group(t).subscribe,
      [
        { filter: 'a/%i', qos: 0 },
        { filter: '$share/g/b/#', qos: 0 },
      ],
    ],
  ],
  ['topic', 'sub', '-t a/%g/{run}', [(t) => group(t).subscribe[0]!.filter, 'a/%%g/%{run}']],
  ['topic', 'sub', '-t a/%rand_5', /-t, --topic: no %s or %rand_N in a filter \('a\/%rand_5'\)/],
  ['topic', 'sub', '-t a/#/b', /-t, --topic: 'a\/#\/b': /],
  ['topic', 'sub', '-t a/%u', /-t, --topic: %u in 'a\/%u' needs a user name/],
  ['topic', 'pub', '-t a/%i/%c/%rand_5', [(t) => stream(t).topic, 'a/%i/%c/%rand_5']],
  ['topic', 'pub', '-t dev-%i', /^dev-%i: placeholders are filled in anywhere/],
  ['topic', 'pub', '-t a/%s', /%s counts the messages of each device/],
  ['topic', 'pub', '-t a/+', /-t, --topic: 'a\/\+': /],
  ['topic', 'pub', '-t a -t b', /-t: given twice/],
  ['qos', 'sub', '-q 2', [(t) => group(t).subscribe[0]!.qos, 2]],
  ['qos', 'pub', '-q1', [(t) => stream(t).qos, 1]],
  ['qos', 'pub', '-q 1', /-F is really in flight/],
  ['qos', 'pub', '', /QoS 0 messages are counted once/],
  ['qos', 'pub', '-q 3', /-q, --qos: expected one of 0, 1, 2/],
  [
    'payload-hdrs',
    'sub',
    '--payload-hdrs ts,cnt64 -t a',
    [(t) => t.scenario.foreignHeaders, ['ts', 'cnt64']],
  ],
  ['payload-hdrs', 'sub', '--payload-hdrs cnt64 -t a', /cnt64 is followed topic by topic/],
  [
    'payload-hdrs',
    'pub',
    '--payload-hdrs cnt64,ts -s 100',
    [(t) => stream(t).payload, { kind: 'filler', bytes: 116, benchHeaders: ['cnt64', 'ts'] }],
  ],
  ['payload-hdrs', 'pub', '--payload-hdrs crc', /--payload-hdrs: expected cnt64, ts or both, not/],
  [
    'interval_of_msg',
    'pub',
    '-I 10',
    [(t) => stream(t).arrivals, { kind: 'periodic', intervalUs: 10_000 }],
  ],
  [
    'interval_of_msg',
    'pub',
    '',
    [(t) => stream(t).arrivals, { kind: 'periodic', intervalUs: 1e6 }],
  ],
  ['interval_of_msg', 'pub', '-I 0', [(t) => stream(t).arrivals, { kind: 'saturate' }]],
  ['size', 'pub', '-s 16', [(t) => stream(t).payload, { kind: 'filler', bytes: 16 }]],
  ['size', 'pub', '', [(t) => stream(t).payload, { kind: 'filler', bytes: 256 }]],
  [
    'message',
    'pub',
    '-m 20%i',
    [(t) => stream(t).payload, { kind: 'text', text: '20%i', header: false }],
  ],
  [
    'message',
    'pub',
    '-m x --payload-hdrs ts',
    [(t) => stream(t).payload, { kind: 'text', text: 'x', header: false, benchHeaders: ['ts'] }],
  ],
  ['message', 'pub', '-m x', /-m has no measurement header: the message is sent as it is/],
  [
    'message',
    'pub',
    '-m template://t.json -s 32',
    [
      (t) => stream(t).payload,
      {
        kind: 'template',
        template: '{"id":"%i","t":%TIMESTAMP%,"r":"%%rand_5","p":"100%%","x":"%c"}',
        header: false,
        randomBytes: 32,
      },
    ],
  ],
  ['message', 'pub', '-m template://t.json', /%i, %c, %u and %s in the template are filled in/],
  [
    'message',
    'pub',
    '-m template://plain.txt',
    [(t) => t.notes.some((note) => note.includes('%i')), false],
  ],
  [
    'message',
    'pub',
    '-m template://none',
    /-m, --message: the template none cannot be read \(ENOENT\)/,
  ],
  [
    'topics-payload',
    'pub',
    '--topics-payload topics.json -F 7',
    [
      (t) => [group(t).inflight, group(t).publish],
      [
        7,
        [
          {
            topic: 'one/%i',
            qos: 1,
            retain: false,
            payload: {
              kind: 'template',
              template: '{"id":"50%%i%{bool}","timestamp":%TIMESTAMPMS%}',
              header: false,
              randomBytes: 256,
            },
            arrivals: { kind: 'periodic', intervalUs: 100_000 },
            limit: 0,
          },
          {
            topic: 'two/%c',
            qos: 0,
            retain: true,
            payload: {
              kind: 'template',
              template: `{"data":"${'a'.repeat(8192)}","timestamp":{time:s}}`,
              header: false,
              randomBytes: 256,
            },
            arrivals: { kind: 'periodic', intervalUs: 5_000_000 },
            limit: 0,
          },
        ],
      ],
    ],
  ],
  [
    'topics-payload',
    'pub',
    '--topics-payload topics.json',
    /Streams and their priorities are QUIC/,
  ],
  [
    'topics-payload',
    'pub',
    '--topics-payload topics.json -L 5',
    /--limit has no effect beside --topics-payload, as in emqtt-bench/,
  ],
  ['topics-payload', 'pub', '--topics-payload none', /none: it cannot be read \(ENOENT\)/],
  ['topics-payload', 'pub', '--topics-payload not.json', /--topics-payload: not.json: .*JSON/],
  [
    'topics-payload',
    'pub',
    '--topics-payload wrong.json',
    /wrong.json: topics.0.interval_ms: expected whole milliseconds, such as "1000"$/,
  ],
  [
    'topics-payload',
    'pub',
    '--topics-payload eterm.json',
    /topics.0.payload_encoding: expected "json" \(Erlang’s term format/,
  ],
  [
    'topics-payload',
    'pub',
    '--topics-payload render.json',
    /render.json: topics.0.render: expected %pN \(N pages of 4 KiB\)/,
  ],
  ['retain', 'pub', '-r', [(t) => stream(t).retain, true]],
  ['retain', 'pub', '-r false', [(t) => stream(t).retain, false]],
  ['limit', 'pub', '-L 1000 -c 10 -I 100', [(t) => [stream(t).limit, duration(t)], [1000, 10]]],
  ['limit', 'pub', '-L 1001 -c 10 -I 100', [duration, 10.1]],
  [
    'limit',
    'pub',
    '-L 1000 -c 10 --duration 2s',
    [(t) => [stream(t).limit, duration(t)], [1000, 2]],
  ],
  ['limit', 'pub', '-L 1000 -I 0', [duration, 600]],
  ['limit', 'pub', '-L 1000 -I 0', /It ends when the messages of -L are sent, or after 10 minutes/],
  ['inflight', 'pub', '-F 100', [(t) => group(t).inflight, 100]],
  ['inflight', 'pub', '', [(t) => group(t).inflight, 1]],
  ['inflight', 'pub', '-F 0', [(t) => group(t).inflight, 0]],
  [
    'wait-before-publishing',
    'pub',
    '',
    /Publishing begins when every device is connected, as with -w/,
  ],
  [
    'wait-before-publishing',
    'pub',
    '-w',
    [(t) => t.notes.some((note) => note.includes('-w')), false],
  ],
  [
    'min-random-wait',
    'pub',
    '-I 500 --min-random-wait 200 --max-random-wait 3000',
    [
      (t) => stream(t).arrivals,
      { kind: 'periodic', intervalUs: 500_000, firstUs: { from: 200_000, to: 3_000_000 } },
    ],
  ],
  [
    'min-random-wait',
    'pub',
    '--min-random-wait 5',
    [
      (t) => stream(t).arrivals,
      { kind: 'periodic', intervalUs: 1_000_000, firstUs: { from: 5000, to: 5000 } },
    ],
  ],
  ['max-random-wait', 'pub', '-L 1000 -c 10 -I 100 --max-random-wait 3000', [duration, 13]],
  [
    'max-random-wait',
    'pub',
    '-I 0 --max-random-wait 9',
    /--max-random-wait: has a meaning with an/,
  ],
  [
    'retry-interval',
    'pub',
    '--retry-interval 5',
    /--retry-interval: nothing is sent again on a live connection/,
  ],
  ['retry-interval', 'pub', '--retry-interval 0', [(t) => stream(t).qos, 0]],
  [
    'keep-connected',
    'pub',
    '-L 10 --keep-connected',
    /--keep-connected: devices stay for 30s at least, or as --duration says/,
  ],
  ['keep-connected', 'pub', '-L 200 --keep-connected', [stays, [30, true]]],
  ['keep-connected', 'pub', '-L 200 --keep-connected --duration 2s', [stays, [2, true]]],
  ['keep-connected', 'pub', '-L 200 --duration 2s', [stays, [2, undefined]]],
  ['keep-connected', 'pub', '--keep-connected', [stays, [30, undefined]]],
  ['duration', 'conn', '--duration 5m', [duration, 300]],
  ['duration', 'sub', '', [duration, 30]],
  ['duration', 'sub', '', /It holds the load for 30s; --duration says otherwise/],
  ['duration', 'pub', '--duration 5', /--duration: expected a duration such as 30s or 5m, not '5'/],
];

test('every flag has its row: translated, let pass with a note, or refused by name', () => {
  const rowed = new Set(ROWS.map(([flag]) => flag));
  const table = new Set([...BENCH_FLAGS.map(({ long }) => long), 'duration']);
  assert.deepEqual([...rowed].sort(), [...table].sort());
  for (const [flag, verb, line, expected] of ROWS) {
    const what = `${flag}: ${verb} ${line}`;
    if (Array.isArray(expected)) {
      const [of, value] = expected;
      assert.deepEqual(of(translate(verb, line)), value, what);
      continue;
    }
    const said = saidTo(verb, line);
    assert.ok(
      said.some((text) => expected.test(text)),
      `${what}: ${said.join(' | ')}`,
    );
  }
});

/** Notes if it is translated, the problems if it is refused. */
function saidTo(verb: BenchVerb, line: string): readonly string[] {
  try {
    return translate(verb, line).notes;
  } catch (error) {
    assert.ok(error instanceof BenchFlagError, String(error));
    assert.equal(error.code, 'BENCH_FLAG_INVALID');
    return error.problems;
  }
}

test('a refused flag is refused in one line, which says its name as it was typed', () => {
  for (const { long, short, handling, kind, verbs, help } of BENCH_FLAGS) {
    if (handling !== 'refused') continue;
    for (const name of short === undefined ? [`--${long}`] : [`--${long}`, `-${short}`]) {
      const value = kind === 'flag' || kind === 'boolean' ? '' : ' 7';
      assert.deepEqual(saidTo(verbs[0]!, name + value), [`${name}: ${help}`]);
    }
  }
});

test('everything that is wrong is told at once, a line each', () => {
  const said = saidTo('pub', '--quic true --qoelog f --wss x -c 0 --topik a -t a/#');
  assert.equal(said.length, 6);
  assert.match(said[2]!, /^--wss: no such flag \(did you mean --ws\?\)/);
  assert.match(said[3]!, /^--topik: no such flag \(did you mean --topic\?\)/);
});

test('unknown flags, flags of another verb and stray words are refused', () => {
  assert.match(saidTo('conn', '-t x')[0]!, /^-t: a flag of pub and sub, not conn$/);
  assert.match(saidTo('sub', '-F 5')[0]!, /^-F: a flag of pub, not sub$/);
  assert.match(saidTo('pub', '-Z')[0]!, /^-Z: no such flag \(see pub --help\)$/);
  assert.match(saidTo('conn', '--otu x')[0]!, /^--otu: no such flag \(did you mean --out\?\)$/);
  assert.match(saidTo('conn', 'localhost')[0]!, /^'localhost': conn takes flags only$/);
  assert.deepEqual(saidTo('conn', '--unheard of'), ['--unheard: no such flag (see conn --help)']);
  assert.throws(
    () => translateBench('sub', []),
    /^BenchFlagError: -t, --topic: sub needs at least one filter$/,
  );
});

test('short flags may be joined, and values attached, as in the original', () => {
  const t = translate('pub', '-lrc5 -q=1 -I100 --size=20 -w');
  assert.equal(group(t).count, 5);
  assert.deepEqual([stream(t).retain, stream(t).qos], [true, 1]);
  assert.deepEqual(stream(t).payload, { kind: 'filler', bytes: 20 });
  assert.equal(translate('conn', '-Cfalse').scenario.groups[0]!.cleanStart, false);
  assert.equal(translate('conn', '-C=false').scenario.groups[0]!.cleanStart, false);
});

test("the caller's own flags are handed back in their order", () => {
  const t = translate('conn', '--out dir -c 5 --dry-run --out=x');
  assert.deepEqual(t.rest, ['--out', 'dir', '--dry-run', '--out=x']);
  assert.equal(group(t).count, 5);
});

test("a whole command line of emqtt-bench's becomes the scenario it means, which reads back", () => {
  const line = '-h 10.0.0.1 -c 1000 -R 500 -t bench/%i -q 1 -I 100 -F 10 -s 64 -V 4 -k 60 -L 5000';
  const { scenario, target } = translate('pub', line);
  assert.deepEqual(target, ['mqtt://10.0.0.1:1883']);
  assert.deepEqual(scenario, {
    name: 'pub',
    seed: 1,
    target: ['mqtt://10.0.0.1:1883'],
    probes: {},
    sourceAddresses: [],
    connect: { ratePerSec: 500, timeoutUs: 30_000_000 },
    groups: [
      {
        name: 'pub',
        count: 1000,
        devicesPerConnection: 1,
        startNumber: 1,
        clientId: 'fg_bench_pub_{run}_%i',
        protocol: 4,
        driver: 'lean',
        cleanStart: true,
        sessionExpiryUs: 0,
        keepAliveUs: 60_000_000,
        inflight: 10,
        subscribe: [],
        publish: [
          {
            topic: 'bench/%i',
            qos: 1,
            retain: false,
            payload: { kind: 'filler', bytes: 64 },
            arrivals: { kind: 'periodic', intervalUs: 100_000 },
            limit: 5000,
          },
        ],
      },
    ],
    phases: [
      { name: 'ramp', kind: 'ramp' },
      {
        name: 'steady',
        kind: 'steady',
        durationUs: 500_000,
        load: { kind: 'all', line: { from: 1, to: 1 } },
        measure: true,
      },
      { name: 'drain', kind: 'drain', durationUs: 5_000_000 },
    ],
    objectives: [],
  });
  assert.deepEqual(new ScenarioSource(scenarioToYaml(scenario), 'pub.yaml').read(), scenario);
});
