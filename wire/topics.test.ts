import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  encode,
  MqttError,
  parseSharedFilter,
  topicFilterError,
  topicMatches,
  topicNameError,
} from './mod.js';

describe('topicMatches', () => {
  // The specification's own examples (MQTT 5 §4.7.1 and §4.7.2) and the corners between them.
  const table: [filter: string, topic: string, matches: boolean][] = [
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/tennis/player1/#', 'sport/tennis/player2', false],
    ['sport/tennis/player1/#', 'sport/tennis/player10', false],
    ['sport/#', 'sport', true],
    ['sport/#', 'sport/', true],
    ['sport/#', 'spor', false],
    ['#', 'a', true],
    ['#', '/', true],
    ['#', 'a/b/c', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+', 'finance', true],
    ['+', '/finance', false],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+/tennis/#', 'a/tennis', true],
    ['+/tennis/#', '/tennis/x', true],
    ['+/+/+', 'a/b', false],
    ['+/#', 'a', true],
    ['+/#', 'a/b/c', true],
    ['a/+/c', 'a//c', true],
    ['a/+/c', 'a/b/d', false],
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/', false],
    ['a/b', 'a', false],
    ['a', 'a/b', false],
    ['/a', 'a', false],
    ['a/', 'a', false],
    ['A', 'a', false],
    ['é/+', 'é/😀', true],
    ['#', '$SYS/monitor/Clients', false],
    ['+/monitor/Clients', '$SYS/monitor/Clients', false],
    ['$SYS/#', '$SYS/monitor/Clients', true],
    ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
    ['+', '$SYS', false],
    ['a/#', 'a/$SYS', true],
    ['a/+', 'a/$SYS', true],
    ['$', '$', true],
  ];
  for (const [filter, topic, matches] of table) {
    it(`says ${filter} ${matches ? 'matches' : 'does not match'} ${topic}`, () => {
      assert.equal(topicMatches(filter, topic), matches);
    });
  }

  /** The rules of §4.7 level by level, without regard to speed. */
  function matchesByLevels(filter: string, topic: string): boolean {
    if (topic.startsWith('$') && /^[#+]/.test(filter)) return false;
    const wants = filter.split('/');
    const levels = topic.split('/');
    for (const [index, want] of wants.entries()) {
      if (want === '#') return levels.length >= index;
      if (index >= levels.length) return false;
      if (want !== '+' && want !== levels[index]) return false;
    }
    return wants.length === levels.length;
  }

  it('agrees with matching level by level', () => {
    const word = fc.constantFrom('', 'a', 'b', 'ab', '$', '$a');
    const topic = fc
      .array(word, { minLength: 1, maxLength: 4 })
      .map((levels) => levels.join('/'))
      .filter((name) => name !== '');
    const filter = fc
      .tuple(fc.array(fc.oneof(word, fc.constant('+')), { maxLength: 4 }), fc.boolean())
      .map(([levels, below]) => [...levels, ...(below ? ['#'] : [])].join('/'))
      .filter((name) => name !== '');
    let hits = 0;
    fc.assert(
      fc.property(filter, topic, (wanted, name) => {
        const expected = matchesByLevels(wanted, name);
        if (expected) hits += 1;
        assert.equal(topicMatches(wanted, name), expected, `${wanted} ${name}`);
      }),
      { numRuns: 20_000 },
    );
    assert.ok(hits > 500, `only ${hits} matches: the property tests nothing`);
  });
});

describe('topic names', () => {
  it('are any text of 1 to 65,535 bytes without wildcards and U+0000', () => {
    for (const topic of ['a', '/', '//', ' ', 'a b', '$SYS/x', 'é', 'x'.repeat(65_535)]) {
      assert.equal(topicNameError(topic), undefined);
    }
  });

  const bad: [string, string][] = [
    ['', '[MQTT-4.7.3-1]'],
    ['#', '[MQTT-4.7.0-1]'],
    ['a/+', '[MQTT-4.7.0-1]'],
    ['a\0b', '[MQTT-4.7.3-2]'],
    ['a\ud800', '[MQTT-1.5.4-1]'],
    ['x'.repeat(65_536), '[MQTT-4.7.3-3]'],
    ['é'.repeat(32_768), '[MQTT-4.7.3-3]'],
  ];
  for (const [topic, clause] of bad) {
    it(`cannot be ${JSON.stringify(topic.slice(0, 8))} (${topic.length}), ${clause}`, () => {
      const why = topicNameError(topic);
      assert.ok(why?.endsWith(clause), why);
    });
  }
});

describe('topic filters', () => {
  it('have wildcards on levels of their own', () => {
    for (const filter of [
      '#',
      '+',
      '/',
      'a/#',
      '+/+',
      '/+',
      '+/',
      'a/+/b/#',
      '$SYS/#',
      ' ',
      'x'.repeat(65_535),
    ]) {
      assert.equal(topicFilterError(filter), undefined, filter);
    }
  });

  const bad: [string, string][] = [
    ['', '[MQTT-4.7.3-1]'],
    ['a#', '[MQTT-4.7.1-1]'],
    ['#/a', '[MQTT-4.7.1-1]'],
    ['#/', '[MQTT-4.7.1-1]'],
    ['##', '[MQTT-4.7.1-1]'],
    ['a/#b', '[MQTT-4.7.1-1]'],
    ['a+', '[MQTT-4.7.1-2]'],
    ['+a', '[MQTT-4.7.1-2]'],
    ['++', '[MQTT-4.7.1-2]'],
    ['a/+b/c', '[MQTT-4.7.1-2]'],
    ['+#', '[MQTT-4.7.1-2]'],
    ['a\0', '[MQTT-4.7.3-2]'],
    ['\udfff', '[MQTT-1.5.4-1]'],
    ['x'.repeat(65_536), '[MQTT-4.7.3-3]'],
    ['$share/', '[MQTT-4.8.2-1]'],
    ['$share//a', '[MQTT-4.8.2-1]'],
    ['$share/g', '[MQTT-4.8.2-2]'],
    ['$share/g/', '[MQTT-4.8.2-2]'],
    ['$share/g+/a', '[MQTT-4.8.2-2]'],
    ['$share/#/a', '[MQTT-4.8.2-2]'],
    ['$share/g/a#', '[MQTT-4.7.1-1]'],
    ['$share/g/+a', '[MQTT-4.7.1-2]'],
  ];
  for (const [filter, clause] of bad) {
    it(`cannot be ${JSON.stringify(filter.slice(0, 12))} (${filter.length}), ${clause}`, () => {
      const why = topicFilterError(filter);
      assert.ok(why?.endsWith(clause), why);
    });
  }

  it('number their clauses as 3.1.1 does when asked for it', () => {
    assert.ok(topicFilterError('a#', 4)?.endsWith('[MQTT-4.7.1-2]'));
    assert.ok(topicFilterError('a+', 4)?.endsWith('[MQTT-4.7.1-3]'));
  });

  it('know shared subscriptions from MQTT 5 on', () => {
    assert.equal(topicFilterError('$share/g', 4), undefined);
    assert.notEqual(topicFilterError('$share/g', 5), undefined);
  });

  it('are refused by encode exactly when topicFilterError says why', () => {
    const character = fc.constantFrom('a', '/', '+', '#', '$share/');
    const filter = fc.array(character, { maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(filter, fc.constantFrom(4 as const, 5 as const), (text, version) => {
        const packet = { type: 'unsubscribe', packetId: 1, filters: [text] } as const;
        const write = () => encode({ ...packet, filters: [text] }, version);
        if (topicFilterError(text, version) === undefined) write();
        else
          assert.throws(write, (error) => error instanceof MqttError && error.reasonCode === 0x8f);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parseSharedFilter', () => {
  it('takes a shared filter apart', () => {
    const parts = { group: 'g', filter: 'a/+/#' };
    assert.deepEqual(parseSharedFilter('$share/g/a/+/#'), parts);
    assert.deepEqual(parseSharedFilter('$share/g//'), { group: 'g', filter: '/' });
    assert.deepEqual(parseSharedFilter('$share/g/$share/h/a'), {
      group: 'g',
      filter: '$share/h/a',
    });
  });

  it('finds none in plain and in bad filters', () => {
    for (const filter of ['a', '#', '$share', '$share/', '$share/g', '$share/g/', '$share//a']) {
      assert.equal(parseSharedFilter(filter), undefined, filter);
    }
    assert.equal(parseSharedFilter('$SHARE/g/a'), undefined);
    assert.equal(parseSharedFilter('$share/g/a#'), undefined);
    assert.equal(parseSharedFilter('$share/+/a'), undefined);
  });
});
