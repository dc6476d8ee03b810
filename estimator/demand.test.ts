import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseDemand } from './demand.js';
import { EstimateError } from './estimate-error.js';

const WHOLE = `connections: 1m
publishesPerSec: { qos0: 5k, qos1: 2500/s }
fanOut: 2
payloadBytes: 64
node: { cores: 8, memoryGiB: 32, nicGbps: 10 }
`;

/** The whole demand with one line put in the place of the one that begins with the same key. */
function withLines(...lines: string[]): string {
  const keys = lines.map((line) => line.split(':')[0]!);
  const kept = WHOLE.split('\n').filter((line) => !keys.includes(line.split(':')[0]!));
  return [...kept.filter((line) => line !== ''), ...lines].join('\n');
}

function messageOf(text: string): string {
  try {
    parseDemand(text, 'demand.yaml');
  } catch (error) {
    return error instanceof EstimateError ? error.message : '';
  }
  return '';
}

describe('a demand', () => {
  it('has defaults for what it does not say', () => {
    assert.deepEqual(parseDemand(WHOLE, 'demand.yaml'), {
      connections: 1_000_000,
      publishesPerSec: [5_000, 2_500, 0],
      deliveriesPerSec: [10_000, 5_000, 0],
      payloadBytes: 64,
      topicBytes: 32,
      keepAliveSec: 60,
      connectRatePerSec: 0,
      reconnectMinutes: undefined,
      threadsPerProcess: 1,
      node: { name: undefined, cores: 8, memoryGiB: 32, nicGbps: 10 },
      policy: { cpuCeiling: 0.7, memoryCeiling: 0.7, networkCeiling: 0.7, nodesMayFail: 1 },
    });
  });

  it('is read from JSON as well, with every field', () => {
    const text = JSON.stringify({
      connections: 1_000,
      publishesPerSec: { qos2: 10 },
      deliveriesPerSec: { qos0: 1, qos1: 2, qos2: 3 },
      payloadBytes: '1k',
      topicBytes: 20,
      keepAlive: '5m',
      connectRatePerSec: '12.5/s',
      reconnectMinutes: 2.5,
      threadsPerProcess: 4,
      node: { name: 'box', cores: 4, memoryGiB: 7.5, nicGbps: 2.5 },
      policy: { cpuCeiling: 0.5, memoryCeiling: 0.6, networkCeiling: 1, nodesMayFail: 0 },
    });
    const demand = parseDemand(text, 'demand.json');
    assert.deepEqual(demand.deliveriesPerSec, [1, 2, 3]);
    assert.equal(demand.payloadBytes, 1_000);
    assert.equal(demand.keepAliveSec, 300);
    assert.equal(demand.connectRatePerSec, 12.5);
    assert.equal(demand.policy.nodesMayFail, 0);
    assert.equal(demand.node.name, 'box');
  });

  it('has its keys, and an example that can be read, in docs/estimate.md', () => {
    const page = readFileSync(new URL('../../docs/estimate.md', import.meta.url), 'utf8');
    const [, example] = /cat > demand\.yaml <<'END'\n([\s\S]*?)END\n/.exec(page) ?? [];
    assert.equal(parseDemand(example!, 'demand.yaml').connections, 200_000);
    const [, known] = /one of the keys (.*?), found/.exec(messageOf(`${WHOLE}unknown: 1`)) ?? [];
    for (const key of known!.split(', ')) assert.ok(page.includes(`\`${key}\``), key);
  });

  const refused: { what: string; text: string; lines: (string | RegExp)[] }[] = [
    {
      what: 'a negative count',
      text: withLines('connections: -5'),
      lines: [
        'demand.yaml:5: connections: expected a whole number from 1 to 10000000000, such as 200, 10k or 1m, found -5',
      ],
    },
    {
      what: 'a rate that is no rate',
      text: withLines('publishesPerSec: { qos1: often }'),
      lines: [
        'demand.yaml:5: publishesPerSec.qos1: expected a rate per second of 0 or more, such as 5000, 5k or 5k/s, found "often"',
      ],
    },
    {
      what: 'an unknown key, with those there are',
      text: withLines('node: { cores: 8, memoryGB: 32, memoryGiB: 32, nicGbps: 10 }'),
      lines: [
        'demand.yaml:5: node.memoryGB: expected one of the keys name, cores, memoryGiB, nicGbps, found 32',
      ],
    },
    {
      what: 'missing parts',
      text: 'payloadBytes: 64\n',
      lines: [
        /^demand\.yaml:1: connections: expected a whole number/,
        /^demand\.yaml:1: node: expected a mapping with the keys name, cores, memoryGiB, nicGbps$/,
      ],
    },
    {
      what: 'every mistake, a line each',
      text: withLines('connections: many', 'payloadBytes: 64kb', 'policy: { cpuCeiling: 70 }'),
      lines: [
        /^demand\.yaml:4: connections: .*, found "many"$/,
        /^demand\.yaml:5: payloadBytes: .*, found "64kb"$/,
        'demand.yaml:6: policy.cpuCeiling: expected a share above 0 and up to 1, such as 0.7, found 70',
      ],
    },
    {
      what: 'a payload above what a packet can hold',
      text: withLines('payloadBytes: 300m'),
      lines: [/^demand\.yaml:5: payloadBytes: expected a whole number from 0 to 268435447/],
    },
    {
      what: 'deliveries without publishes',
      text: withLines('publishesPerSec: {}', 'fanOut: 0', 'deliveriesPerSec: { qos0: 10 }').replace(
        'fanOut: 0\n',
        '',
      ),
      lines: [
        'demand.yaml:5: deliveriesPerSec: expected no deliveries, or the publishes that cause them',
      ],
    },
    {
      what: 'publishes of which nobody knows who receives them',
      text: WHOLE.replace('fanOut: 2\n', ''),
      lines: [
        'demand.yaml:2: publishesPerSec: expected deliveriesPerSec or fanOut beside it: who receives these messages?',
      ],
    },
    {
      what: 'both ways to say how many deliveries',
      text: withLines('deliveriesPerSec: { qos0: 10 }'),
      lines: [
        'demand.yaml:3: fanOut: expected either deliveriesPerSec or fanOut, not both, found 2',
      ],
    },
    {
      what: 'deliveries of a higher QoS than any publish',
      text: withLines('deliveriesPerSec: { qos2: 10 }').replace('fanOut: 2\n', ''),
      lines: [
        'demand.yaml:5: deliveriesPerSec.qos2: expected 0, or publishes at QoS 2: a delivery has at most the QoS of its publish, found 10',
      ],
    },
    {
      what: 'more deliveries of a message than there are connections',
      text: withLines('connections: 10', 'fanOut: 11'),
      lines: [
        'demand.yaml:5: fanOut: expected at most 10 deliveries for each publish, one a connection, found 11',
      ],
    },
    {
      what: 'a process of more threads than the node has cores',
      text: withLines('threadsPerProcess: 16'),
      lines: [
        'demand.yaml:6: threadsPerProcess: expected at most the 8 cores of the node, found 16',
      ],
    },
    {
      what: 'text that is no YAML',
      text: 'connections: [1\nnode: {',
      lines: [/^demand\.yaml:\d+: /],
    },
    {
      what: 'an empty file',
      text: '',
      lines: [/^demand\.yaml: expected a mapping with the keys connections, publishesPerSec/],
    },
    {
      what: 'a list',
      text: '- 1\n- 2\n',
      lines: [/^demand\.yaml:1: expected a mapping with the keys connections, publishesPerSec/],
    },
  ];

  for (const { what, text, lines } of refused) {
    it(`is refused: ${what}`, () => {
      assert.throws(
        () => parseDemand(text, 'demand.yaml'),
        (error) => {
          assert.ok(error instanceof EstimateError);
          assert.equal(error.code, 'DEMAND_INVALID');
          const found = error.message.split('\n');
          if (what !== 'text that is no YAML')
            assert.equal(found.length, lines.length, error.message);
          lines.forEach((line, i) => {
            if (typeof line === 'string') assert.equal(found[i], line);
            else assert.match(found[i]!, line);
          });
          return true;
        },
      );
    });
  }
});
