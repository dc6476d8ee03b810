/** One question and its answer: µs, each on the clock of the one who read it. */
export interface ClockExchange {
  askedUs: number;
  theirsUs: number;
  answeredUs: number;
}

/** What to subtract from their times to have ours, and how far that may be wrong. */
export interface ClockOffset {
  offsetUs: number;
  uncertaintyUs: number;
}

/**
 * How far another clock is ahead of ours (F. Cristian, "Probabilistic clock synchronization", 1989): they read theirs
 * somewhere between our question and their answer, so it is off the middle by at most half of the round trip. Of
 * several exchanges the one with the shortest round trip knows best. One at least must be given.
 */
export function clockOffset(exchanges: readonly ClockExchange[]): ClockOffset {
  const shortest = exchanges.reduce((a, b) => (roundTripUs(b) < roundTripUs(a) ? b : a));
  return {
    offsetUs: shortest.theirsUs - (shortest.askedUs + shortest.answeredUs) / 2,
    uncertaintyUs: roundTripUs(shortest) / 2,
  };
}

function roundTripUs({ askedUs, answeredUs }: ClockExchange): number {
  return answeredUs - askedUs;
}
