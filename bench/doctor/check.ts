/** One thing that a run needs, against what is there. */
export interface Check {
  /** A few words, the same on every machine. */
  readonly what: string;
  readonly needs: string;
  readonly has: string;
  /** `fail`: the run cannot go as planned. `warn`: it can, and its figures may suffer. */
  readonly state: 'ok' | 'warn' | 'fail';
  /** What to do about it, commands as they are typed; empty when all is well. */
  readonly fix: readonly string[];
}

/** `state` with a remedy that is told only when something is amiss. */
export function check(
  what: string,
  needs: string,
  has: string,
  state: Check['state'],
  ...fix: readonly string[]
): Check {
  return { what, needs, has, state, fix: state === 'ok' ? [] : fix };
}

/** The refusal of a run: the arithmetic of what fails and its remedy, a line each; undefined if nothing does. */
export function refusal(checks: readonly Check[]): string | undefined {
  const failed = checks.filter(({ state }) => state === 'fail');
  if (failed.length === 0) return undefined;
  return failed
    .map(({ what, needs, has, fix }) => `${what}: needs ${needs}, has ${has}: ${fix.join('; or ')}`)
    .join('\n');
}
