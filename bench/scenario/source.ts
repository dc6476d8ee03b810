import type { Node } from 'yaml';
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml';
import type { z } from 'zod';
import { ScenarioError, type ScenarioIssue } from './error.js';
import { nearest } from './nearest.js';
import { type Scenario, scenarioSchema } from './schema.js';

export type Path = readonly PropertyKey[];

/** A scenario file as text with positions: turns paths into places. */
export class ScenarioSource {
  readonly file: string;
  readonly document: Document;
  readonly #lines = new LineCounter();

  /** `text`: YAML 1.2, of which JSON is a part. Throws ScenarioError when it is neither. */
  constructor(text: string, file: string) {
    this.file = file;
    this.document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      merge: true,
    });
    if (this.document.errors.length === 0) return;
    throw new ScenarioError(
      file,
      this.document.errors.map((error) => ({
        ...this.#place(error.pos[0]),
        path: '',
        expected: `valid YAML or JSON (${error.message})`,
        found: undefined,
      })),
    );
  }

  /** Throws ScenarioError with every issue of shape that the schema finds. */
  read(): Scenario {
    const result = scenarioSchema.safeParse(this.#plain());
    if (result.success) return result.data;
    throw new ScenarioError(
      this.file,
      result.error.issues.flatMap((issue) => this.#fromSchema(issue)),
    );
  }

  /** An issue at `path`, at its place in the file; what is found there is filled in. */
  issue(path: Path, expected: string): ScenarioIssue {
    const node = this.#node(path);
    const place = this.#place((node ?? this.#deepest(path))?.range?.[0]);
    return { ...place, path: path.map(String).join('.'), expected, found: this.#found(node) };
  }

  #plain(): unknown {
    try {
      return this.document.toJS();
    } catch (error) {
      // An alias of nothing, or a bomb of them.
      if (!(error instanceof ReferenceError)) throw error;
      const place = this.#place(this.#brokenAlias()?.range?.[0]);
      const issue = { path: '', expected: `valid aliases (${error.message})`, found: undefined };
      throw new ScenarioError(this.file, [{ ...place, ...issue }]);
    }
  }

  #brokenAlias(): Alias | undefined {
    let broken: Alias | undefined;
    visit(this.document, {
      Alias: (_key, alias) => {
        if (alias.resolve(this.document) !== undefined) return undefined;
        broken = alias;
        return visit.BREAK;
      },
    });
    return broken;
  }

  #fromSchema(issue: z.core.$ZodIssue): ScenarioIssue[] {
    if (issue.code !== 'unrecognized_keys') {
      return [this.issue(issue.path, expectation(issue))];
    }
    const known = issue.message.split(' ');
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      const hint = meant === undefined ? `one of ${known.join(', ')}` : `'${meant}'`;
      return {
        ...this.#place(this.#key(issue.path, key)?.range?.[0]),
        path: [...issue.path, key].map(String).join('.'),
        expected: `a known key (${meant === undefined ? hint : `did you mean ${hint}?`})`,
        found: `'${key}'`,
      };
    });
  }

  #place(offset: number | undefined): Pick<ScenarioIssue, 'line' | 'column'> {
    if (offset === undefined) return { line: undefined, column: undefined };
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }

  #node(path: Path): Node | undefined {
    let node: unknown = this.document.contents;
    for (const step of path) {
      const here = this.#resolved(node);
      if (isMap(here)) node = here.get(step, true);
      else if (isSeq(here)) node = here.get(step, true);
      else return undefined;
    }
    return (node ?? undefined) as Node | undefined;
  }

  #deepest(path: Path): Node | undefined {
    for (let length = path.length - 1; length >= 0; length--) {
      const node = this.#node(path.slice(0, length));
      if (node !== undefined) return node;
    }
    return undefined;
  }

  #key(path: Path, key: string): Node | undefined {
    const here = this.#resolved(this.#node(path));
    if (!isMap(here)) return undefined;
    const pair = here.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
    return pair?.key as Node | undefined;
  }

  #resolved(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.document) : node;
  }

  #found(node: Node | undefined): string | undefined {
    if (node === undefined) return undefined;
    const here = this.#resolved(node) as Node;
    const text = JSON.stringify(here.toJS(this.document)) ?? 'nothing';
    return text.length > 60 ? `${text.slice(0, 57)}…` : text;
  }
}

const KINDS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) {
    return KINDS[issue.expected] ?? issue.expected;
  }
  return issue.message;
}
