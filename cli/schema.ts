import { scenarioJsonSchema } from '../bench/mod.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import type { Terminal } from './terminal.js';

/** `fleetgauge schema scenario`: JSON Schema of the scenario file, for editors. */
export function printSchema(terminal: Terminal): ExitCode {
  terminal.out.write(`${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`);
  return EXIT.pass;
}
