import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { startBrokerProcess } from './cli/broker-process.js';
import { inFolder } from './cli/cli-under-test.js';
import { freePort } from './cli/free-port.js';
import { OUT, ROOT, runScript, shellBlocks } from './cli/testing/docs-pages.js';

/** These start brokers of others or need clouds: targets.peer.test.ts and clouds.test.ts run them. */
const CLOUD_PAGES = ['aws-iot-core', 'azure-iot-hub', 'ibm-watson-iot'];
const TARGET_PAGES = ['mosquitto', 'rabbitmq', 'activemq', 'aedes', 'mosca', ...CLOUD_PAGES].map(
  (name) => `targets/${name}.md`,
);
const pages = (await readdir(join(ROOT, 'docs'), { recursive: true }))
  .filter((file) => file.endsWith('.md') && file !== 'broker.md' && !TARGET_PAGES.includes(file))
  .map((file) => `docs/${file}`);

for (const page of pages) {
  const blocks = await shellBlocks(page);
  if (blocks.length === 0) continue;
  test(`every command of ${page} works as it stands`, async () => {
    await inFolder({}, async (folder) => {
      // Its node is the only one that `ctl` finds there.
      const env = { XDG_RUNTIME_DIR: join(folder, 'runtime') };
      const broker = await startBrokerProcess({ env });
      try {
        // Another port than the one that is on the page, for that may be somebody's.
        const script = blocks.join('\n').replaceAll('1883', String(broker.port));
        await runScript(script, folder, env);
      } finally {
        await broker.stop();
      }
    });
  });
}

test('the command of docs/broker.md starts a node that says what the page says, until it is told to stop', async () => {
  const [block] = await shellBlocks('docs/broker.md');
  const port = await freePort('127.0.0.1');
  const args = block!.trim().replace('1883', String(port)).split(' ').slice(1);
  await inFolder({}, (folder) => startAndStop(args, port, { XDG_RUNTIME_DIR: folder }));
});

async function startAndStop(
  args: readonly string[],
  port: number,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const child = spawn(process.execPath, [join(OUT, 'cli.js'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  try {
    const [greeting] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const page = await readFile(join(ROOT, 'docs/broker.md'), 'utf8');
    assert.ok(page.includes(greeting.replace(String(port), '1883')), greeting);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    assert.equal(code, 0);
  } finally {
    child.kill('SIGKILL');
  }
}

test('the README’s commands are scripts of package.json', async () => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const blocks = (await shellBlocks('README.md')).join('\n');
  const named = [...blocks.matchAll(/npm (?:run (\S+)|(start|test))/g)].map(([, a, b]) => a ?? b!);
  assert.ok(named.includes('start') && named.includes('test:all'), named.join(' '));
  for (const name of named) assert.ok(name in scripts, name);
});
