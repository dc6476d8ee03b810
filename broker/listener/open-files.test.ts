import assert from 'node:assert/strict';
import { it } from 'node:test';
import { connectionRoom } from './open-files.js';

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             95825                95825                processes
Max open files            1024                 20000                files
`;

it('room for connections is what the soft limit leaves beside the files that are open', () => {
  assert.equal(
    connectionRoom(
      () => LIMITS,
      () => 30,
    ),
    1024 - 30 - 16,
  );
  assert.equal(
    connectionRoom(
      () => LIMITS,
      () => 5000,
    ),
    1,
  );
});

it('room for connections is unknown where the limit cannot be read', () => {
  assert.equal(
    connectionRoom(
      () => '',
      () => 1,
    ),
    undefined,
  );
  assert.equal(
    connectionRoom(() => {
      throw new Error('no such file');
    }),
    undefined,
  );
});
