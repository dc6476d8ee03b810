import { Peaks } from '../../stats.js';
import type { SimulatedNode } from '../../testing/simulation.js';
import type { CtlScreens } from '../ctl-client.js';
import { loneCluster } from '../lone-cluster.js';
import type { NodeControl } from '../node-control.js';
import { type ControlledNode, controlOf } from '../single-node.js';

/** The control of a simulated node named `n1@127.0.0.1`; its clock was 0 five seconds after 1970 began. */
export function controlled(
  simulated: SimulatedNode,
  changes: Partial<ControlledNode> = {},
): NodeControl {
  return controlOf({
    node: simulated.node,
    nodeName: 'n1@127.0.0.1',
    version: '1.2.3',
    peaks: new Peaks(),
    now: () => simulated.nowMs,
    startedAtMs: simulated.nowMs,
    epochMs: 5000,
    state: () => 'running',
    listeners: () => [],
    cluster: loneCluster('n1@127.0.0.1'),
    ...changes,
  });
}

/** Keeps what a command says, as two texts. */
export class Transcript implements CtlScreens {
  outText = '';
  errText = '';

  out(line: string): void {
    this.outText += `${line}\n`;
  }

  err(line: string): void {
    this.errText += `${line}\n`;
  }

  async outAll(lines: Iterable<string>): Promise<void> {
    for (const line of lines) this.out(line);
  }
}
