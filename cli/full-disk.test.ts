import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inFolder } from './cli-under-test.js';
import { truthOf } from './testing/record-truth.js';
import { withBroker } from './testing/with-broker.js';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));
const SCENARIO = `name: full
groups:
  - name: d
    count: 20
    subscribe: [{ filter: 't/%i', qos: 1 }]
    publish: [{ topic: 't/%i', qos: 1, arrivals: { kind: periodic, interval: 20ms } }]
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 60s }
`;

/**
 * Runs with its record on a file system of so many KiB, in a mount namespace of its own: to make one takes root, or
 * a user namespace in which we are root. What was written is copied out when the run is over.
 */
async function runOnSmallDisk(
  cwd: string,
  target: string,
  kib: number,
): Promise<{ code: number | null; out: string; err: string }> {
  const disk = join(cwd, 'disk');
  mkdirSync(disk);
  const script = `mount -t tmpfs -o size=${kib}k none "$1" || exit 99
"$2" "$3" run s.yaml --target "$4" --out "$1/rec" --quiet
code=$?
cp -r "$1/." copy
exit $code`;
  const how = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
  const args = [...how, 'bash', '-c', script, 'bash', disk, process.execPath, CLI, target];
  const child = spawn('unshare', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.err += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 100_000);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...output };
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

test('a disk that fills up in mid-run ends it with one line and exit 2, and what was written stays true', async () => {
  await withBroker((target) =>
    inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
      const began = Date.now();
      const { code, out, err } = await runOnSmallDisk(cwd, target, 128);
      assert.equal(code, 2, err);
      assert.match(err, /^cannot write .*: the disk is full; free some space .* \(ENOSPC\)\n$/);
      assert.equal(out, '');
      assert.ok(Date.now() - began < 50_000, 'it did not go on to its end');
      const record = await truthOf(join(cwd, 'copy', 'rec'));
      assert.equal(record.state, 'running');
      assert.ok(record.totals.publishes.sent > 0);
      assert.ok(record.verdict.reasons.some(({ code }) => code === 'NOT_ENDED'));
      const left = readdirSync(join(cwd, 'copy', 'rec')).filter((name) => name.endsWith('.tmp'));
      assert.deepEqual(left, []);
    }),
  );
});

test('a disk without room for a record: one line, exit 2, nothing left on it', async () => {
  await withBroker((target) =>
    inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
      const { code, err } = await runOnSmallDisk(cwd, target, 4);
      assert.equal(code, 2, err);
      assert.match(err, /^cannot write .*the disk is full.*\(ENOSPC\)\n$/);
      assert.ok(!existsSync(join(cwd, 'copy', 'rec')));
    }),
  );
});
