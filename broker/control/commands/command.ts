import type { NodeControl } from '../node-control.js';

/** Where a command's text goes. A line never ends with a line feed; what it has inside stays. */
export interface Answer {
  /** A line of the result. */
  out(line: string): void;
  /** Many of them, taken as fast as they are read; not all if nobody reads any more. */
  outAll(lines: Iterable<string>): Promise<void>;
  /** A line on what went wrong or what is going on. */
  err(line: string): void;
}

/** What a command has at hand. */
export interface Request {
  /** After the group's name: `['show', 'c1']`. */
  args: readonly string[];
  node: NodeControl;
  answer: Answer;
  wallClock: () => Date;
}

/** The commands that begin with one word. */
export interface CommandGroup {
  readonly name: string;
  /** Each command and what it does, as the usage page shows them. */
  readonly usage: readonly (readonly [command: string, does: string])[];
  /** Runs one; returns whether it did what was asked, or undefined if there is no such command. */
  run(request: Request): Outcome | Promise<Outcome>;
}

export type Outcome = boolean | undefined;

/** A group's commands, what they do in one column. */
export function usageText({ usage }: CommandGroup): string {
  const width = Math.max(...usage.map(([command]) => command.length));
  return usage.map(([command, does]) => `${command.padEnd(width)} # ${does}`).join('\n');
}

/** A row of a table of names and values; the name has 30 columns and loses what is beyond them. */
export function row(name: string, value: number | string): string {
  return `${name.slice(0, 30).padEnd(30)}: ${value}`;
}

export function notFound(answer: Answer): false {
  answer.err('Not Found.');
  return false;
}

/** What clients chose, on one line: a client identifier may have line feeds in it and worse. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** A line for each of them. */
export function* rows<T>(items: Iterable<T>, text: (item: T) => string): Generator<string> {
  for (const item of items) yield visible(text(item));
}
