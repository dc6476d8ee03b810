/** The commands of `ctl`, which run in the node they ask: words and shapes are those of `emqx ctl`. */
import { broker } from './broker.js';
import { clients } from './clients.js';
import { cluster } from './cluster.js';
import { type CommandGroup, type Request, usageText } from './command.js';
import { listeners } from './listeners.js';
import { retainer } from './retainer.js';
import { status } from './status.js';
import { subscriptions } from './subscriptions.js';
import { topics } from './topics.js';
import { vm } from './vm.js';

export type { Answer } from './command.js';

const GROUPS: readonly CommandGroup[] = [
  status,
  broker,
  cluster,
  clients,
  topics,
  subscriptions,
  listeners,
  retainer,
  vm(process.memoryUsage),
];

/**
 * Runs one command line, without the word `ctl`. Returns its exit code: 0 if it did what was asked; 1 if not
 * (EMQX: 0) or if there is no such command. A group's name alone shows what it has.
 */
export async function runCommand(
  [name, ...args]: readonly string[],
  request: Omit<Request, 'args'>,
): Promise<0 | 1> {
  const { answer } = request;
  const group = GROUPS.find((candidate) => candidate.name === name);
  if (group === undefined) {
    answer.err(usagePage());
    return 1;
  }
  const outcome = await group.run({ ...request, args });
  if (outcome === undefined) {
    if (args.length === 0) answer.out(usageText(group));
    else answer.err(usageText(group));
    return args.length === 0 ? 0 : 1;
  }
  return outcome ? 0 : 1;
}

/** All commands. */
export function usagePage(): string {
  const rule = '-'.repeat(110);
  return ['Usage: fleetgauge ctl', ...GROUPS.map(usageText)].join(`\n${rule}\n`);
}
