import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindText, isHost, readBind } from './bind.js';
import { nearest } from './nearest.js';
import { readBytes, readDurationMs } from './units.js';

test('durations', () => {
  const cases: [string, number | undefined][] = [
    ['15s', 15_000],
    ['1m', 60_000],
    ['2h', 7_200_000],
    ['1h30m', 5_400_000],
    ['200ms', 200],
    ['1.5s', 1500],
    ['1d', 86_400_000],
    ['1w', 604_800_000],
    ['0', 0],
    ['15', undefined],
    ['15 s', undefined],
    ['-1s', undefined],
    ['s', undefined],
    ['', undefined],
    ['9999999999999999w', undefined],
  ];
  for (const [text, ms] of cases) assert.equal(readDurationMs(text), ms, text);
});

test('sizes', () => {
  const cases: [string, number | undefined][] = [
    ['16KB', 16_384],
    ['1MB', 1_048_576],
    ['1mb', 1_048_576],
    ['1.5KB', 1536],
    ['4096', 4096],
    ['10B', 10],
    ['1GB', 1_073_741_824],
    ['0.3B', undefined],
    ['1TB', undefined],
    ['MB', undefined],
    ['-1', undefined],
  ];
  for (const [text, bytes] of cases) assert.equal(readBytes(text), bytes, text);
});

test('addresses to listen on', () => {
  const cases: [string, string | undefined][] = [
    ['1883', '0.0.0.0:1883'],
    [':1883', '0.0.0.0:1883'],
    ['127.0.0.1:0', '127.0.0.1:0'],
    ['localhost:1883', 'localhost:1883'],
    ['[::1]:1883', '[::1]:1883'],
    ['::1:1883', '[::1]:1883'],
    [':::1883', '[::]:1883'],
    ['300.1.1.1:1883', undefined],
    ['127.0.0.1:70000', undefined],
    ['[127.0.0.1]:1', undefined],
    ['127.0.0.1', undefined],
    ['host:', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of cases) {
    const bind = readBind(text);
    assert.equal(bind && bindText(bind), expected, text);
    if (bind !== undefined) assert.deepEqual(readBind(bindText(bind)), bind);
  }
});

test('hosts', () => {
  for (const good of ['h', 'emqx-0.emqx-headless.default.svc', '10.0.0.1', '::1', 'a_b.c', '1a']) {
    assert.ok(isHost(good), good);
  }
  for (const bad of ['', '1.2.3', '300.0.0.1', '-a', 'a-', 'a..b', 'a b', 'a/b', 'x'.repeat(64)]) {
    assert.ok(!isHost(bad), bad);
  }
});

test('the nearest word is one that can have been meant', () => {
  const known = ['name', 'cookie', 'data_dir', 'role'];
  assert.equal(nearest('nmae', known), 'name');
  assert.equal(nearest('Cookies', known), 'cookie');
  assert.equal(nearest('data-dir', known), 'data_dir');
  assert.equal(nearest('favourite_colour', known), undefined);
});
