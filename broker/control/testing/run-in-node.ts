import { SimulatedNode } from '../../testing/simulation.js';
import { runCommand } from '../commands/mod.js';
import type { ControlledNode } from '../single-node.js';
import { controlled, Transcript } from './controlled.js';

export const NODE = 'n1@127.0.0.1';

/** Runs a command line in a simulated node, at 16:15:18.647 on 2026-11-22. */
export async function ctl(
  line: string,
  simulated = new SimulatedNode(),
  changes: Partial<ControlledNode> = {},
): Promise<{ exit: number; out: string; err: string }> {
  const answer = new Transcript();
  const exit = await runCommand(line.split(' '), {
    node: controlled(simulated, changes),
    answer,
    wallClock: () => new Date(Date.UTC(2026, 10, 22, 16, 15, 18, 647)),
  });
  return { exit, out: answer.outText, err: answer.errText };
}

/** What a command that did what was asked prints. */
export const good = (out: string) => ({ exit: 0, out, err: '' });
/** What one that did not prints. */
export const bad = (err: string) => ({ exit: 1, out: '', err });
