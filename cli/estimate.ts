import { readFile } from 'node:fs/promises';
import {
  EstimateError,
  estimateDemand,
  parseDemand,
  readCostSeries,
  reportJson,
  reportLines,
} from '../estimator/mod.js';
import { EXIT } from './exit-codes.js';
import { failure } from './failure.js';

/** The flags of `fleetgauge estimate`. */
export interface EstimateArgs {
  /** Folders of run records to fit costs to, one or more. */
  run: readonly string[];
  /** Folders of run records to check the costs against. */
  check: readonly string[];
  /** Path of the demand, YAML or JSON. */
  demand: string;
  json: boolean;
}

interface Output {
  write(text: string): unknown;
}

/**
 * Sizes a demand from run records: the report to `stdout`, complaints to `stderr`.
 * @returns the exit code: 8 when the runs do not tell what the demand needs, 2 for a bad file
 */
export async function estimate(
  args: EstimateArgs,
  stdout: Output,
  stderr: Output,
): Promise<number> {
  try {
    const demand = parseDemand(await readDemand(args.demand), args.demand);
    const runs = await Promise.all(args.run.map(readCostSeries));
    const checks = await Promise.all(args.check.map(readCostSeries));
    const answer = estimateDemand({ runs, checks, demand });
    stdout.write(
      args.json
        ? `${JSON.stringify(reportJson(answer), undefined, 2)}\n`
        : `${reportLines(answer).join('\n')}\n`,
    );
    return EXIT.pass;
  } catch (error) {
    const { text, exit } = failure(error);
    if (exit === EXIT.bug) throw error;
    stderr.write(`${text}\n`);
    return exit;
  }
}

async function readDemand(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new EstimateError(
      'DEMAND_INVALID',
      `${path}: cannot be read (${cause.code}); give the path of a demand file`,
    );
  });
}
