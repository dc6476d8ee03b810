/**
 * A process that discovers, for tests that need more than one: `discovery-node.js <options> <deps>`, both JSON.
 * Each line on stdin is a method of Discovery, or `unlock`; each answer one line of JSON on stdout.
 */
import { createInterface } from 'node:readline';
import { createDiscovery, type DiscoveryDeps, type DiscoveryOptions } from '../mod.js';

const [options, deps] = process.argv.slice(2).map((text) => JSON.parse(text)) as [
  DiscoveryOptions,
  Pick<DiscoveryDeps, 'self' | 'clusterName' | 'cookie'>,
];

function say(line: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const discovery = createDiscovery(options, { ...deps, warn: (line) => say({ warning: line }) });
let unlock: (() => Promise<void>) | undefined;

async function obey(method: string): Promise<unknown> {
  switch (method) {
    case 'discover':
      return discovery.discover();
    case 'register':
      return discovery.register?.();
    case 'unregister':
      return discovery.unregister?.();
    case 'lock':
      unlock = await discovery.lock?.();
      return undefined;
    case 'unlock':
      return unlock?.();
    case 'stop':
      return discovery.stop();
    default:
      throw new Error(`no method ${method}`);
  }
}

for await (const method of createInterface({ input: process.stdin })) {
  try {
    say({ result: (await obey(method)) ?? null });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    say({ code: code ?? 'BUG', message });
  }
}
await discovery.stop();
