import { presets } from '../bench/mod.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import type { Terminal } from './terminal.js';

/** `fleetgauge presets`: the scenarios that come with Fleetgauge. */
export function listPresets(json: boolean, terminal: Terminal): ExitCode {
  const all = presets();
  if (json) {
    terminal.out.write(`${JSON.stringify(all, undefined, 2)}\n`);
    return EXIT.pass;
  }
  const width = Math.max(...all.map(({ name }) => name.length));
  for (const { name, summary } of all) {
    terminal.out.write(`${name.padEnd(width)}  ${summary}\n`);
  }
  return EXIT.pass;
}
