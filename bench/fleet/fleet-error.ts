/**
 * Why a run cannot start or go on.
 * - `LIMIT`: this machine's limits do not carry the plan
 * - `UNREACHABLE`: the target refuses, does not answer or does not speak MQTT
 * - `CERTIFICATE`: a file of the scenario's TLS is missing or cannot be used
 * - `HOST_DIED`: a process of the fleet ended before its time
 */
export type FleetErrorCode = 'LIMIT' | 'UNREACHABLE' | 'CERTIFICATE' | 'HOST_DIED';

export class FleetError extends Error {
  readonly code: FleetErrorCode;

  constructor(code: FleetErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FleetError';
    this.code = code;
  }
}
