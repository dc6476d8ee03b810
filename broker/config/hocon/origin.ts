/** Where something was written: a file with line and column (from 1), or a variable or flag, which has none. */
export interface Origin {
  readonly source: string;
  readonly line?: number;
  readonly column?: number;
}

/** `emqx.conf:3:9`, `environment variable FLEETGAUGE_NODE__NAME`. */
export function placeOf({ source, line, column }: Origin): string {
  return line === undefined ? source : `${source}:${line}:${column}`;
}
