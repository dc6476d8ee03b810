import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileTemplate, escapeTemplate, type TemplateValues } from './template.js';

const VALUES: TemplateValues = {
  run: 'beef',
  group: 'sensors',
  number: 7,
  gateway: 7,
  clientId: 'c7',
  username: 'u7',
  message: 12,
  seed: 1,
  sender: 3,
};

test('placeholders are filled in wherever they stand', () => {
  const table = [
    ['bench/%i', 'bench/7'],
    ['dev-%i-x/%c', 'dev-7-x/c7'],
    ['%u%g%s', 'u7sensors12'],
    ['fg-{run}-%g-%i', 'fg-beef-sensors-7'],
    ['%i%i', '77'],
    ['', ''],
    ['100%', '100%'],
    ['%x %', '%x %'],
    ['%%i', '%i'],
    ['%%%i', '%7'],
    ['%{run}', '{run}'],
    ['{runs} {run', '{runs} {run'],
    ['%rand_0', '%rand_0'],
    ['%rand_x', '%rand_x'],
    ['%rand_1', '1'],
    ['%rand_1234567890', '%rand_1234567890'],
  ] as const;
  for (const [source, expected] of table) {
    assert.equal(compileTemplate(source).render(VALUES), expected, source);
  }
});

test('an escaped text renders as itself', () => {
  const piece = fc.oneof(
    fc.constantFrom('%', '%i', '%rand_3', '{run}', '{', '%{run}', '%%', 'run}'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('');
      assert.equal(compileTemplate(escapeTemplate(text)).render(VALUES), text);
    }),
  );
});

test('it knows whether messages or devices differ', () => {
  assert.ok(compileTemplate('a/%i/%c').isStatic);
  assert.ok(!compileTemplate('a/%i/%c').isShared);
  assert.ok(compileTemplate('a/%g/{run}').isShared);
  assert.ok(!compileTemplate('a/%s').isStatic);
  assert.ok(!compileTemplate('a/%rand_5').isStatic);
  assert.ok(compileTemplate('a/%rand_5').uses('rand'));
});

test('%rand_N is uniform over 1..N, new for each message, the same when asked again', () => {
  const template = compileTemplate('%rand_6');
  const seen = new Array<number>(7).fill(0);
  for (let message = 1; message <= 6000; message++) {
    const face = Number(template.render({ ...VALUES, message }));
    assert.equal(Number(template.render({ ...VALUES, message })), face);
    seen[face]!++;
  }
  assert.equal(seen[0], 0);
  // 5 degrees of freedom: 99.9 % stay below 20.5.
  const chiSquare = seen.slice(1).reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
  assert.ok(chiSquare < 20.5, `${chiSquare}`);
});

test('two draws of one text, two senders and two seeds are independent', () => {
  const template = compileTemplate('%rand_1000000/%rand_1000000');
  const [one, two] = template.render(VALUES).split('/');
  assert.notEqual(one, two);
  assert.notEqual(template.render(VALUES), template.render({ ...VALUES, sender: 4 }));
  assert.notEqual(template.render(VALUES), template.render({ ...VALUES, seed: 2 }));
});
