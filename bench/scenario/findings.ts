/** What the checks find, collected: errors stop a run, notes go with it. */
export class Findings {
  readonly errors: Finding[] = [];
  readonly notes: Finding[] = [];

  /** `expected` completes "expected …". */
  error(path: readonly (string | number)[], expected: string): void {
    this.errors.push({ path, text: expected });
  }

  /** `text` is a sentence. */
  note(path: readonly (string | number)[], text: string): void {
    this.notes.push({ path, text });
  }
}

export interface Finding {
  readonly path: readonly (string | number)[];
  readonly text: string;
}
