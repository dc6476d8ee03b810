/**
 * Why a run cannot start or go on.
 * - `LIMIT`: this machine's limits do not carry the plan
 * - `UNREACHABLE`: the target refuses, does not answer or does not speak MQTT
 * - `CERTIFICATE`: a file of the scenario's TLS is missing or cannot be used
 * - `HOST_DIED`: a process of the fleet ended before its time
 * - `AGENTS_MISSING`: fewer agents came than the run expects
 * - `AGENT_LOST`: an agent went before the run began
 * - `AGENT_NAME`: two agents have one name
 * - `BAD_STORE`: the store or the secret is not given as it should be
 * - `NOT_RESUMABLE`: there is nothing to go on from
 * - `INTERRUPTED`: told to stop before there was anything to record
 */
export type FleetErrorCode =
  | 'LIMIT'
  | 'UNREACHABLE'
  | 'CERTIFICATE'
  | 'HOST_DIED'
  | 'AGENTS_MISSING'
  | 'AGENT_LOST'
  | 'AGENT_NAME'
  | 'BAD_STORE'
  | 'NOT_RESUMABLE'
  | 'INTERRUPTED';

export class FleetError extends Error {
  readonly code: FleetErrorCode;

  constructor(code: FleetErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FleetError';
    this.code = code;
  }
}

export function stoppedEarly(): FleetError {
  return new FleetError('INTERRUPTED', 'stopped before anything connected: no record was written');
}
