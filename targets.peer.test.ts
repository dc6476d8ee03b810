import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { inFolder } from './cli/cli-under-test.js';
import { freePort } from './cli/free-port.js';
import { ROOT, runScript, shellBlocks } from './cli/testing/docs-pages.js';
import type { RunRecord } from './results/mod.js';

/** What must be there, and the modules that the page's broker finds. */
const PEERS: Readonly<Record<string, { file: string; modules?: string }>> = {
  mosquitto: { file: '/usr/sbin/mosquitto' },
  rabbitmq: { file: '/usr/lib/rabbitmq/lib' },
  activemq: { file: '/usr/share/java/mqtt-client.jar' },
  aedes: { file: join(ROOT, 'node_modules/aedes'), modules: join(ROOT, 'node_modules') },
  mosca: {
    file: join(ROOT, '.peers/mosca/node_modules/mosca'),
    modules: join(ROOT, '.peers/mosca/node_modules'),
  },
};

/** Ports on the pages: MQTT, and those of Erlang's name server and distribution. */
const PORTS = ['1883', '4369', '25672'];

for (const [name, { file, modules }] of Object.entries(PEERS)) {
  test(`the recipe of docs/targets/${name}.md starts it, and a run against it loses nothing`, async () => {
    assert.ok(existsSync(file), `needs the peer ${name}: run scripts/peers`);
    let script = (await shellBlocks(`docs/targets/${name}.md`)).join('\n');
    for (const port of PORTS) {
      if (!script.includes(port)) continue;
      script = script.replaceAll(port, String(await freePort('127.0.0.1')));
    }
    await inFolder({}, async (folder) => {
      if (modules !== undefined) await symlink(modules, join(folder, 'node_modules'));
      await runScript(script, folder, {});
      const text = await readFile(join(folder, 'runs', name, 'run.json'), 'utf8');
      const { totals } = JSON.parse(text) as RunRecord;
      const { publishes, deliveries } = totals;
      // QoS 1 is 50 devices twice a second; QoS 0, which nobody acknowledges, some 10 messages a second.
      const qos0 = publishes.sent - publishes.acked;
      assert.ok(publishes.acked >= 250 && qos0 > 5 && qos0 < 60, JSON.stringify(totals));
      assert.equal(publishes.failed, 0);
      assert.ok(
        deliveries.expected > publishes.sent,
        'every message has a receiver, some have many',
      );
      assert.equal(deliveries.received, deliveries.expected);
      assert.equal(deliveries.duplicated, 0);
      assert.equal(totals.connects.succeeded, 100);
    });
  });
}
