import type { Origin } from './origin.js';

/** What was written, before references are followed and repeated keys are merged. */
export type Syntax =
  | TextSyntax
  | ListSyntax
  | ObjectSyntax
  | ReferenceSyntax
  | AppendSyntax
  | JoinedSyntax;

export interface TextSyntax {
  readonly kind: 'text';
  readonly text: string;
  /** It stood in quotes or consists of several words: a string, whatever it looks like. */
  readonly string: boolean;
  readonly at: Origin;
}

export interface ListSyntax {
  readonly kind: 'list';
  readonly items: readonly Syntax[];
  readonly at: Origin;
}

export interface ObjectSyntax {
  readonly kind: 'object';
  readonly assignments: readonly Assignment[];
  readonly at: Origin;
}

/** `a.b = value`. */
export interface Assignment {
  readonly path: readonly Key[];
  readonly value: Syntax;
}

export interface Key {
  readonly name: string;
  readonly at: Origin;
}

/** `${path}` or `${?path}`. */
export interface ReferenceSyntax {
  readonly kind: 'reference';
  /** Where to look, in this order: what an included file names may be meant below the place of the include. */
  readonly paths: readonly (readonly string[])[];
  /** The path as it was written; also the name of the environment variable to look for last. */
  readonly text: string;
  readonly optional: boolean;
  readonly at: Origin;
}

/** `path += value`. */
export interface AppendSyntax {
  readonly kind: 'append';
  readonly item: Syntax;
  readonly at: Origin;
}

/** Values one after another: text becomes longer text, lists longer lists, objects are merged. */
export interface JoinedSyntax {
  readonly kind: 'joined';
  readonly pieces: readonly Piece[];
  readonly at: Origin;
}

export interface Piece {
  /** The blanks before it. */
  readonly gap: string;
  readonly value: Syntax;
}
