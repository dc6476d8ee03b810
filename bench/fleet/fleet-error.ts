/**
 * Why a run cannot start or go on.
 * - `LIMIT`: this machine's limits do not carry the plan
 * - `UNREACHABLE`: the target refuses, does not answer or does not speak MQTT
 * - `INTERRUPTED`: asked to stop before there was anything to record
 * - `HOST_DIED`: a process of the fleet ended before its time
 */
export type FleetErrorCode = 'LIMIT' | 'UNREACHABLE' | 'INTERRUPTED' | 'HOST_DIED';

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
