import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scenarioJsonSchema } from './json-schema.js';

/** Every property of a JSON Schema with its path. */
function* properties(schema: unknown, path = ''): Generator<[string, { description?: string }]> {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [word, part] of Object.entries(schema)) {
    if (word === 'properties') {
      for (const [key, field] of Object.entries(part as Record<string, { description?: string }>)) {
        yield [`${path}.${key}`, field];
        yield* properties(field, `${path}.${key}`);
      }
    } else yield* properties(part, path);
  }
}

test('every key of the format has a description for editors', () => {
  const all = [...properties(scenarioJsonSchema())];
  assert.ok(all.length > 80, `${all.length}`);
  assert.deepEqual(
    all.filter(([, { description }]) => description === undefined).map(([path]) => path),
    [],
  );
});

test('what a list may hold is not described as the key of another', () => {
  const { target } = (scenarioJsonSchema() as { properties: Record<string, unknown> }).properties;
  const { description, ...kinds } = target as { description: string };
  assert.match(description, /^One URL/);
  assert.doesNotMatch(JSON.stringify(kinds), /description/);
});

test('unknown keys are marked, required ones named, and what has a default may be left out', () => {
  const schema = scenarioJsonSchema() as {
    additionalProperties: boolean;
    required: string[];
    $schema: string;
  };
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(schema.required.toSorted(), ['groups', 'name', 'phases']);
  assert.match(schema.$schema, /json-schema\.org/);
});
