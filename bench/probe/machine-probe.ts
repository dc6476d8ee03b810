import type { ProbedNode, ProbePoint } from '../../results/mod.js';
import { readMachine } from './machine.js';
import { gapOf, type Probe, pointOf } from './probe.js';
import { type ProcFs, procFs, procUnits } from './proc-fs.js';
import { Meter } from './reading.js';

/** This machine, core by core. */
export class MachineProbe implements Probe {
  readonly facts: ProbedNode;
  readonly #nowUs: () => number;
  readonly #fs: ProcFs;
  readonly #ticksPerSec: number;
  readonly #meter = new Meter();

  constructor(
    facts: ProbedNode,
    nowUs: () => number,
    fs: ProcFs = procFs,
    ticksPerSec = procUnits().ticksPerSec,
  ) {
    this.facts = facts;
    this.#nowUs = nowUs;
    this.#fs = fs;
    this.#ticksPerSec = ticksPerSec;
  }

  async begin(): Promise<void> {
    await this.look();
  }

  async look(): Promise<ProbePoint> {
    const nowUs = this.#nowUs();
    try {
      const reading = readMachine(this.#fs, this.#ticksPerSec, nowUs);
      return pointOf(this.facts.node, nowUs, this.#meter.take(reading));
    } catch (error) {
      return gapOf(this.facts.node, nowUs, `no Linux /proc: ${(error as Error).message}`);
    }
  }

  close(): void {}
}
