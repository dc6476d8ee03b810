import type { Rule } from './rules.js';

/**
 * Bytes, or a packet to be written, that break the MQTT specification.
 *
 * `code` is stable and names the kind (`MALFORMED_PACKET`, `PACKET_TOO_LARGE`, …), `reasonCode` is what
 * an MQTT 5 DISCONNECT or CONNACK should carry, `clause` the statement that was broken: `[MQTT-3.3.1-4]`,
 * or the section (`MQTT 5 §2.2.2.2`) where the specification gives its rule no number.
 */
export class MqttError extends Error {
  override readonly name = 'MqttError';
  readonly code: string;
  readonly reasonCode: number;
  readonly clause: string;

  constructor(code: string, reasonCode: number, clause: string, what: string) {
    super(`${what} ${clause}`);
    this.code = code;
    this.reasonCode = reasonCode;
    this.clause = clause;
  }
}

/**
 * The error for a broken rule. Clauses are numbered anew in each version, so the version picks which;
 * `detail` says where or what value, when that helps.
 */
export function broken(rule: Rule, version: number, detail?: string): MqttError {
  const clause = version === 5 ? rule.clause5 : rule.clause4;
  const what = detail === undefined ? rule.what : `${rule.what}: ${detail}`;
  return new MqttError(rule.code, rule.reasonCode, clause, what);
}
