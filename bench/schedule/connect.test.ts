import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectAtUs } from './connect.js';

test('devices connect evenly spaced in fleet order', () => {
  assert.deepEqual(
    [0, 1, 2, 9].map((device) => connectAtUs(device, 4)),
    [0, 250_000, 500_000, 2_250_000],
  );
});
