import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { random } from '../schedule/mod.js';
import { ScenarioError } from './error.js';
import type { PayloadTemplate, PayloadValues } from './payload.js';
import type { Payload, Scenario } from './schema.js';

export type FilePayload = Extract<Payload, { kind: 'file' }>;

/** Draws apart from those of schedules, placeholders and sizes. */
const FILE_DRAW = 0xe000_0100;

/** Payloads from files: the whole file each time, of several one by a draw from the seed. */
export class FilePayloadTemplate implements PayloadTemplate {
  readonly headerBytes: 0 | 16;
  readonly fixedBytes = undefined;
  readonly isStatic: boolean;
  readonly isShared: boolean;
  readonly #files: readonly string[];
  /** Read when the first message is made, before the run begins. */
  #contents: Uint8Array[] | undefined;

  constructor({ files, header }: FilePayload) {
    this.headerBytes = header ? 16 : 0;
    this.#files = files;
    this.isStatic = files.length === 1;
    this.isShared = this.isStatic;
  }

  prepare(): void {
    this.#contents ??= this.#files.map((file) => readFileSync(file));
  }

  sizeBytes(values: PayloadValues): number {
    return this.headerBytes + this.#content(values).length;
  }

  fill(target: Uint8Array, at: number, values: PayloadValues): number {
    const content = this.#content(values);
    target.set(content, at + this.headerBytes);
    return at + this.headerBytes + content.length;
  }

  #content({ seed, sender, message }: PayloadValues): Uint8Array {
    this.prepare();
    const contents = this.#contents!;
    if (contents.length === 1) return contents[0]!;
    return contents[Math.floor(random(seed, FILE_DRAW, sender, message) * contents.length)]!;
  }
}

/**
 * Files of payloads found from where the scenario lies, folders taken for the files in them by name, and seen to be
 * there before anything connects.
 * @throws ScenarioError for a file that cannot be read
 */
export function withPayloadFiles(scenario: Scenario, scenarioFile: string): Scenario {
  const groups = scenario.groups.map((group) => ({
    ...group,
    publish: group.publish.map((stream) => {
      const { payload } = stream;
      if (payload.kind !== 'file') return stream;
      const files = payload.files.flatMap((file) => found(resolve(dirname(scenarioFile), file)));
      return { ...stream, payload: { ...payload, files } };
    }),
  }));
  return { ...scenario, groups };
}

function found(file: string): string[] {
  try {
    if (!statSync(file).isDirectory()) {
      readFileSync(file);
      return [file];
    }
    const inside = readdirSync(file, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => join(file, name))
      .sort();
    if (inside.length > 0) return inside.flatMap(found);
  } catch (error) {
    throw missing(file, (error as NodeJS.ErrnoException).code ?? String(error));
  }
  throw missing(file, 'the folder has no files');
}

function missing(file: string, why: string): ScenarioError {
  const expected = `a file of payload that can be read (${why})`;
  return new ScenarioError(file, [
    { line: undefined, column: undefined, path: '', found: undefined, expected },
  ]);
}
