import type { Silence, VerdictReason } from '../run-record.js';

/** What a check has to say of a run: reasons, or that it makes no claim and why. */
export type Finding = VerdictReason | Silence;

export function reason(
  severity: VerdictReason['severity'],
  code: string,
  text: string,
): VerdictReason[] {
  return [{ code, severity, text }];
}

/** The check has not what it needs: it says so, and nothing about the run. */
export function silence(check: string, why: string): Silence[] {
  return [{ check, why }];
}

export function isSilence(finding: Finding): finding is Silence {
  return 'check' in finding;
}

export function isReason(finding: Finding): finding is VerdictReason {
  return !isSilence(finding);
}
