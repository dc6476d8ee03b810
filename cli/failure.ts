import {
  BenchFlagError,
  FleetError,
  NoLoadError,
  ProbeError,
  ScenarioError,
  ScenarioNotFoundError,
  SetPathError,
  TargetError,
  TargetKeyError,
} from '../bench/mod.js';
import { EstimateError } from '../estimator/mod.js';
import { ResultsError } from '../results/mod.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** A command line that does not make sense, in one line. */
export class UsageError extends Error {
  readonly code = 'USAGE';

  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

const USAGE = [
  UsageError,
  BenchFlagError,
  NoLoadError,
  ProbeError,
  ResultsError,
  ScenarioError,
  ScenarioNotFoundError,
  SetPathError,
  TargetError,
  TargetKeyError,
];

/** What an error says to the user, and the exit code. An error nobody foresaw is a bug: with its stack. */
export function failure(error: unknown): { text: string; exit: ExitCode } {
  if (error instanceof FleetError) {
    const exit = {
      LIMIT: EXIT.usage,
      UNREACHABLE: EXIT.unreached,
      INTERRUPTED: EXIT.interrupted,
      HOST_DIED: EXIT.bug,
    } as const;
    return { text: error.message, exit: exit[error.code] };
  }
  if (error instanceof EstimateError) {
    const unknown = error.code === 'NOT_MEASURED' || error.code === 'TOO_FEW_SAMPLES';
    return { text: error.message, exit: unknown ? EXIT.inconclusive : EXIT.usage };
  }
  if (error instanceof Error && USAGE.some((kind) => error instanceof kind)) {
    return { text: error.message, exit: EXIT.usage };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `this is a bug in Fleetgauge, please report it:\n${stack}`, exit: EXIT.bug };
}
