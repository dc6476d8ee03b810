import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import { scenarioNotes } from './check.js';
import { ScenarioError } from './error.js';
import { parseScenario } from './parse.js';
import { plan } from './plan.js';
import { scenarioSchema } from './schema.js';

const PAGE = readFileSync(new URL('../../../docs/scenario.md', import.meta.url), 'utf8');
const EXAMPLE = /```yaml\n(name: [\s\S]*?)```/.exec(PAGE)![1]!;

/** Every key of the format, as the schema has it. */
function keysOf(schema: unknown, keys: Set<string>): Set<string> {
  if (Array.isArray(schema)) for (const part of schema) keysOf(part, keys);
  else if (typeof schema === 'object' && schema !== null) {
    for (const [word, part] of Object.entries(schema)) {
      // Below `properties` stand the keys of the format, one of which is called so itself.
      if (word !== 'properties') keysOf(part, keys);
      else
        for (const [key, field] of Object.entries(part as object)) {
          keys.add(key);
          keysOf(field, keys);
        }
    }
  }
  return keys;
}

test('the example of the reference page is a scenario, and what its notes say is meant', () => {
  const scenario = parseScenario(EXAMPLE, 'docs/scenario.md');
  const planned = plan(scenario);
  assert.equal(planned.deviceCount, 2025);
  // Telemetry to one collector, events to all twenty, each command to its machine.
  assert.equal(planned.publishesPerSec, 400 + 100 + 50);
  assert.equal(planned.deliveriesPerSec, 400 + 100 * 20 + 50);
  assert.deepEqual(scenarioNotes(scenario), [
    'groups.2.publish.0.payload: deliveries are counted, not timed: there is no measurement header in it (header: true puts one in front).',
  ]);
});

test('the page names every key of the format', () => {
  const keys = keysOf(z.toJSONSchema(scenarioSchema, { io: 'input' }), new Set());
  assert.ok(keys.size > 30);
  for (const key of keys) {
    assert.ok(new RegExp(`\\b${key}\\b`).test(PAGE), `${key} is not on the page`);
  }
});

test('the error lines on the page are those that are printed', () => {
  const wrong = EXAMPLE.replace('count: 2k', 'cuont: 2k').replace('interval: 5s', 'interval: 5');
  assert.throws(
    () => parseScenario(wrong, 'factory.yaml'),
    (error) => {
      assert.ok(error instanceof ScenarioError);
      const shown = /```\n(factory\.yaml:[\s\S]*?)```/.exec(PAGE)![1]!.trim().split('\n');
      for (const line of shown) {
        const path = line.split(': ')[1]!;
        const printed: string | undefined = error.message
          .split('\n')
          .find((text) => text.includes(` ${path}: `));
        assert.equal(printed, line);
      }
      return true;
    },
  );
});
