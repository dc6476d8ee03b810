import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSharedFilter, topicFilterError, topicMatches } from '../../wire/mod.js';
import { compileTemplate, connectionOf, FanOut, GroupIdentity, type Scenario } from './mod.js';
import { scenarioSchema } from './schema.js';

const RUN = 'beef';

interface GroupDraft {
  count: number;
  devicesPerConnection?: number;
  startNumber: number;
  clientId: string;
  username: string;
  filters: string[];
}

function scenarioOf(groups: GroupDraft[]): Scenario {
  return scenarioSchema.parse({
    name: 'fan-out',
    groups: groups.map(({ filters, ...group }, k) => ({
      name: `g${k}`,
      ...group,
      subscribe: filters.map((filter) => ({ filter })),
    })),
    phases: [{ name: 'ramp', kind: 'ramp' }],
  });
}

/** Goes through every device and every concrete filter; those on one connection are one subscriber. */
function bruteForce(scenario: Scenario, topic: string): number {
  let deliveries = 0;
  const shared = new Set<string>();
  for (const group of scenario.groups) {
    const identity = new GroupIdentity(group, RUN, scenario.seed);
    const matched = new Set<number>();
    for (let index = 0; index < group.count; index++) {
      const values = identity.valuesOf(index, 0);
      for (const { filter } of group.subscribe) {
        const concrete = compileTemplate(filter).render(values);
        const pair = parseSharedFilter(concrete);
        if (pair === undefined) {
          if (topicMatches(concrete, topic)) matched.add(connectionOf(group, index));
        } else if (topicMatches(pair.filter, topic)) shared.add(`${pair.group}/${pair.filter}`);
      }
    }
    deliveries += matched.size;
  }
  return deliveries + shared.size;
}

const piece = fc.constantFrom(
  '%i',
  '%c',
  '%u',
  '%g',
  '{run}',
  '{gateway}',
  '1',
  '11',
  'a',
  '-',
  '%%',
);
const level = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('+', '%i', '1', '12', 'a', 'dev-%i', '{gateway}', '') },
  { weight: 2, arbitrary: fc.array(piece, { minLength: 1, maxLength: 3 }).map((p) => p.join('')) },
);
const levels = fc.array(level, { minLength: 1, maxLength: 3 }).map((l) => l.join('/'));
const plainFilter = fc
  .tuple(fc.constantFrom('', '', '$SYS/', '$'), levels, fc.constantFrom('', '', '/#'))
  .map((parts) => parts.join(''));
const sharedFilter = fc
  .tuple(fc.constantFrom('s', 's%i', '%i', 's1', '%c', 's{gateway}'), plainFilter)
  .map(([name, filter]) => `$share/${name}/${filter}`);
const filter = fc.oneof(
  { weight: 3, arbitrary: plainFilter },
  { weight: 2, arbitrary: sharedFilter },
  { weight: 1, arbitrary: fc.constantFrom('#', '+', '+/+', '/', '%i/%i', '$share/s/#') },
);
const group: fc.Arbitrary<GroupDraft> = fc.record({
  count: fc.integer({ min: 1, max: 15 }),
  devicesPerConnection: fc.constantFrom(1, 1, 2, 3, 7),
  startNumber: fc.constantFrom(0, 0, 1, 9, 95),
  clientId: fc.constantFrom('%i', 'c%i', 'fg-{run}-%g-%i', '%u.%i', 'x/%i', 'gw{gateway}'),
  username: fc.constantFrom('u', 'user%i', '$SYS', '1'),
  filters: fc.array(filter, { maxLength: 4 }),
});

/** Only scenarios whose concrete filters are valid: the checks refuse the others. */
function isValid(scenario: Scenario): boolean {
  return scenario.groups.every((group) => {
    const values = new GroupIdentity(group, RUN, 1).valuesOf(0, 0);
    return group.subscribe.every(
      ({ filter }) => topicFilterError(compileTemplate(filter).render(values)) === undefined,
    );
  });
}

/** Topics that have a chance: a filter of some device with its wildcards filled in, or anything. */
function topicsOf(scenario: Scenario, picks: readonly number[]): string[] {
  const concrete = scenario.groups.flatMap((group) => {
    const identity = new GroupIdentity(group, RUN, 1);
    return group.subscribe.flatMap(({ filter }, k) => {
      const values = identity.valuesOf((picks[k] ?? 0) % group.count, 0);
      const text = compileTemplate(filter).render(values);
      return parseSharedFilter(text)?.filter ?? text;
    });
  });
  const filled = ['1', '12', 'a', '', '$SYS', '3/4'];
  return concrete.flatMap((text, k) => {
    const one = filled[(picks[k % picks.length] ?? 0) % filled.length]!;
    const topic = text.replaceAll('+', one).replaceAll('#', one);
    return [topic, topic.replace(/\/[^/]*$/, ''), `${topic}/1`, topic.replace(/\d+/, '0$&')];
  });
}

test('it agrees with going through every device, for any filters, groups and topics', () => {
  let matched = 0;
  fc.assert(
    fc.property(
      fc.array(group, { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(1000), { minLength: 4, maxLength: 8 }),
      fc.array(levels, { maxLength: 3 }),
      (drafts, picks, others) => {
        const scenario = scenarioOf(drafts);
        fc.pre(isValid(scenario));
        const fanOut = new FanOut(scenario, RUN);
        for (const topic of [...topicsOf(scenario, picks), ...others, '$SYS/1', '1', 'a/1']) {
          if (topic === '') continue;
          const expected = bruteForce(scenario, topic);
          if (expected > 0) matched++;
          assert.equal(fanOut.deliveriesOf(topic), expected, topic);
        }
      },
    ),
    { numRuns: 1500 },
  );
  assert.ok(matched > 5_000, `only ${matched} topics matched anything`);
});

function deliveries(topic: string, ...groups: (Partial<GroupDraft> & { filters: string[] })[]) {
  const drafts = groups.map((g) => ({
    count: 10,
    startNumber: 0,
    clientId: 'c%i',
    username: 'u',
    ...g,
  }));
  return new FanOut(scenarioOf(drafts), RUN).deliveriesOf(topic);
}

test('a device with overlapping filters gets one copy', () => {
  assert.equal(deliveries('a/3', { filters: ['a/%i', 'a/+', '#'] }), 10);
  assert.equal(deliveries('a/3', { filters: ['a/%i', '+/%i'] }), 1);
});

test('a shared subscription gets one copy whichever groups its members are in', () => {
  const filters = ['$share/bench/a/#'];
  assert.equal(deliveries('a/3', { filters }), 1);
  assert.equal(deliveries('a/3', { filters }, { filters }), 1);
  assert.equal(deliveries('a/3', { filters }, { filters: ['$share/other/a/#', 'a/3'] }), 12);
});

test('share names that hold the device number make one subscription for each device', () => {
  const filters = ['$share/s%i/a'];
  assert.equal(deliveries('a', { filters }), 10);
  assert.equal(deliveries('a', { filters }, { filters, startNumber: 5 }), 15);
  assert.equal(deliveries('a', { filters }, { filters: ['$share/s3/a', '$share/s3/+'] }), 11);
});

test('numbers are whole: no device 03, and none beyond the group', () => {
  assert.equal(deliveries('d/3', { filters: ['d/%i'] }), 1);
  assert.equal(deliveries('d/03', { filters: ['d/%i'] }), 0);
  assert.equal(deliveries('d/10', { filters: ['d/%i'] }), 0);
  assert.equal(deliveries('d/10', { filters: ['d/%i'], startNumber: 1 }), 1);
  assert.equal(deliveries('d/0', { filters: ['d/%i'], startNumber: 1 }), 0);
});
