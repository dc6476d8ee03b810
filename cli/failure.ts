import {
  BenchFlagError,
  FleetError,
  type FleetErrorCode,
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
import { StoreError, type StoreErrorCode } from '../store/mod.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { UsageError } from './usage-error.js';

const OF_FLEET: Readonly<Record<FleetErrorCode, ExitCode>> = {
  LIMIT: EXIT.usage,
  UNREACHABLE: EXIT.unreached,
  CERTIFICATE: EXIT.usage,
  HOST_DIED: EXIT.bug,
  AGENTS_MISSING: EXIT.unreached,
  AGENT_LOST: EXIT.unreached,
  AGENT_NAME: EXIT.usage,
  BAD_STORE: EXIT.usage,
  NOT_RESUMABLE: EXIT.usage,
  INTERRUPTED: EXIT.interrupted,
};

/** Of the store that agents and coordinator meet at. */
const OF_STORE: Readonly<Record<StoreErrorCode, ExitCode>> = {
  UNAVAILABLE: EXIT.unreached,
  FULL: EXIT.unreached,
  DENIED: EXIT.usage,
  LEASE_GONE: EXIT.bug,
  BAD_CONFIG: EXIT.usage,
  DAMAGED: EXIT.usage,
};

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
    return { text: error.message, exit: OF_FLEET[error.code] };
  }
  if (error instanceof StoreError) return { text: error.message, exit: OF_STORE[error.code] };
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
