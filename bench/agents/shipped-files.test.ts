import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EmbeddedStore } from '../../store/mod.js';
import { FleetError } from '../fleet/fleet-error.js';
import { loadScenario } from '../scenario/mod.js';
import type { RunSheet } from './messages.js';
import { fetchFiles, piecesOf, readShippedFiles, shipFiles } from './shipped-files.js';

/** Rows that cannot be compressed to less than a piece. */
const ROWS = 20_000;

test('files of credentials go through the store piece by piece, and agents name their own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-test-'));
  const rows = Array.from({ length: ROWS }, () => randomBytes(32).toString('hex'));
  const text = `password\n${rows.join('\n')}\n`;
  await writeFile(join(folder, 'devices.csv'), text);
  const group = (name: string) =>
    `{ name: ${name}, count: 2, username: u, credentials: { file: devices.csv } }`;
  const yaml = `name: t\ngroups: [${group('a')}, ${group('b')}, { name: c, count: 1 }]\nphases: [{ name: r, kind: ramp }]\n`;
  await writeFile(join(folder, 's.yaml'), yaml);
  let fetched: string | undefined;
  try {
    const scenario = await loadScenario(join(folder, 's.yaml'));
    const files = await readShippedFiles(scenario);
    const [[path, pieces]] = Object.entries(piecesOf(files)) as [[string, number]];
    assert.ok(path === join(folder, 'devices.csv') && pieces >= 2, `${path}: ${pieces}`);
    const store = new EmbeddedStore();
    const lease = await store.lease(60_000, () => undefined);
    await shipFiles(store, 'run-1', lease.id, files);
    for (const { value } of (await store.read('files/')).entries) {
      assert.ok(value.length <= 512 * 1024);
    }
    const sheet = {
      id: 'run-1',
      plan: { scenario },
      files: piecesOf(files),
    } as unknown as RunSheet;
    const borrowed = Object.assign(Object.create(store) as EmbeddedStore, {
      read: (prefix: string) => store.read(prefix),
      close: async () => undefined,
    });
    const here = await fetchFiles(async () => borrowed, sheet);
    fetched = here.folder;
    const [a, b, c] = here.scenario.groups;
    assert.equal(a!.credentials!.file, b!.credentials!.file);
    assert.equal(c!.credentials, undefined);
    const own = a!.credentials!.file;
    assert.notEqual(own, path);
    assert.equal(await readFile(own, 'utf8'), text);
    assert.equal((await stat(own)).mode & 0o077, 0);
    await lease.revoke();
    await assert.rejects(
      fetchFiles(async () => borrowed, sheet),
      /run run-1: .*devices\.csv is not in the store any more/,
    );
    await assert.rejects(readShippedFiles(scenario, 1000), (error) => {
      assert.ok(error instanceof FleetError && error.code === 'LIMIT');
      assert.match(
        error.message,
        /devices\.csv would be .* MiB compressed, and agents are sent at/,
      );
      return true;
    });
  } finally {
    for (const one of [folder, fetched]) {
      if (one !== undefined) await rm(one, { recursive: true, force: true });
    }
  }
});
