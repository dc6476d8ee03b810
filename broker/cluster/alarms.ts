/** What an alarm is about; of one thing there is one at a time. */
export type AlarmSubject = 'core' | 'store' | 'write' | 'split' | `link ${string}`;

/** What is wrong with a node now: said when it begins and when it is over, and shown meanwhile. */
export class Alarms {
  readonly #say: (line: string) => void;
  readonly #lines = new Map<AlarmSubject, string>();

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** A line each. */
  get lines(): string[] {
    return [...this.#lines.values()];
  }

  has(about: AlarmSubject): boolean {
    return this.#lines.has(about);
  }

  lineOf(about: AlarmSubject): string | undefined {
    return this.#lines.get(about);
  }

  /** Said if nothing was wrong with it before. */
  raise(about: AlarmSubject, line: string): void {
    const isNew = !this.#lines.has(about);
    this.#lines.set(about, line);
    if (isNew) this.#say(line);
  }

  clear(about: AlarmSubject): void {
    if (this.#lines.delete(about)) this.#say(`over: ${about}`);
  }

  /** It is as it should be by now, though not over. */
  drop(about: AlarmSubject): void {
    this.#lines.delete(about);
  }
}
