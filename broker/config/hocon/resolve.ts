import { HoconError } from './hocon-error.js';
import type { Origin } from './origin.js';
import type { JoinedSyntax, ObjectSyntax, ReferenceSyntax, Syntax } from './syntax.js';
import {
  type HoconObject,
  type HoconScalar,
  type HoconValue,
  scalarOf,
  stringOf,
} from './value.js';

/** A chain of references longer than that, or a result larger, is a mistake or meant to do harm. */
const MAX_CHAIN = 200;
const MAX_VALUES = 100_000;
const MAX_TEXT = 1_048_576;

/** All that was assigned to one key, oldest first. What it comes to is found out when it is asked for. */
interface Slot {
  readonly keyAt: Origin;
  readonly layers: readonly Syntax[];
  state: 'new' | 'open' | 'done';
  /** The layer being looked at, while open. */
  layer: number;
  value: Lazy | undefined;
}

/** A value whose objects have not been looked into. */
type Lazy = HoconScalar | LazyList | LazyObject;

interface LazyList {
  readonly kind: 'list';
  readonly items: readonly Lazy[];
  readonly at: Origin;
}

interface LazyObject {
  readonly kind: 'object';
  readonly slots: ReadonlyMap<string, Slot>;
  readonly at: Origin;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Merges repeated keys (objects are joined, of other values the last one counts) and follows references: to
 * the final value of a path, to what the path was before if a key refers to itself, else to the environment.
 * Throws HoconError.
 */
export function resolve(syntax: ObjectSyntax, environment: Environment): HoconObject {
  return new Resolver(syntax, environment).whole();
}

class Resolver {
  readonly #root: LazyObject;
  readonly #environment: Environment;
  /** What is being worked out, outermost first. */
  readonly #open: Slot[] = [];
  #count = 0;

  constructor(syntax: ObjectSyntax, environment: Environment) {
    this.#root = opened(syntax);
    this.#environment = environment;
  }

  whole(): HoconObject {
    return this.#forced(this.#root) as HoconObject;
  }

  #forced(lazy: Lazy): HoconValue {
    this.#counted(lazy.at);
    if (lazy.kind === 'list') {
      return { ...lazy, items: lazy.items.map((item) => this.#forced(item)) };
    }
    if (lazy.kind !== 'object') return lazy;
    const fields = new Map<string, { keyAt: Origin; value: HoconValue }>();
    for (const [key, slot] of lazy.slots) {
      const value = this.#valueOf(slot);
      if (value !== undefined) fields.set(key, { keyAt: slot.keyAt, value: this.#forced(value) });
    }
    return { kind: 'object', fields, at: lazy.at };
  }

  #counted(at: Origin): void {
    if (++this.#count <= MAX_VALUES) return;
    throw new HoconError(at, `at most ${MAX_VALUES} values, references followed`, 'more');
  }

  #valueOf(slot: Slot): Lazy | undefined {
    if (slot.state === 'done') return slot.value;
    slot.state = 'open';
    this.#open.push(slot);
    slot.value = this.#upTo(slot, slot.layers.length);
    this.#open.pop();
    slot.state = 'done';
    return slot.value;
  }

  /** What the first `count` layers of a slot come to. */
  #upTo(slot: Slot, count: number): Lazy | undefined {
    const before = slot.layer;
    try {
      for (let layer = count - 1; layer >= 0; layer--) {
        slot.layer = layer;
        const value = this.#evaluated(slot.layers[layer]!, slot);
        if (value === undefined) continue;
        if (value.kind !== 'object') return value;
        const older = this.#upTo(slot, layer);
        return older?.kind === 'object' ? merged(older, value) : value;
      }
      return undefined;
    } finally {
      slot.layer = before;
    }
  }

  #evaluated(syntax: Syntax, slot: Slot): Lazy | undefined {
    switch (syntax.kind) {
      case 'text':
        return (syntax.string ? stringOf : scalarOf)(syntax.text, syntax.at);
      case 'object':
        return opened(syntax);
      case 'list': {
        const items = syntax.items.map((item) => this.#evaluated(item, slot));
        return { ...syntax, items: items.filter((item) => item !== undefined) };
      }
      case 'append': {
        const list = this.#upTo(slot, slot.layer);
        if (list !== undefined && list.kind !== 'list') {
          throw new HoconError(syntax.at, 'a list to add to', foundKind(list));
        }
        const item = this.#evaluated(syntax.item, slot);
        const items = [...(list?.items ?? []), ...(item === undefined ? [] : [item])];
        this.#counted(syntax.at);
        return { kind: 'list', items, at: syntax.at };
      }
      case 'reference':
        return this.#followed(syntax);
      case 'joined':
        return this.#joined(syntax, slot);
    }
  }

  #joined({ pieces, at }: JoinedSyntax, slot: Slot): Lazy | undefined {
    const values = pieces.map(({ value }) => this.#evaluated(value, slot));
    const known = values.filter((value) => value !== undefined);
    const kind = known.find((value) => value.kind === 'list' || value.kind === 'object')?.kind;
    if (known.length === 0) return undefined;
    if (kind === undefined) {
      let text = '';
      pieces.forEach(({ gap }, index) => {
        const value = values[index];
        text += gap + (value === undefined ? '' : (value as HoconScalar).text);
      });
      if (text.length <= MAX_TEXT) return stringOf(text, at);
      throw new HoconError(at, `at most ${MAX_TEXT} characters`, 'more');
    }
    return known.reduce((left, right): Lazy => {
      if (left.kind === 'object' && right.kind === 'object') return merged(left, right);
      if (left.kind === 'list' && right.kind === 'list') {
        const items = [...left.items, ...right.items];
        if (items.length > MAX_VALUES) this.#count = MAX_VALUES;
        this.#counted(at);
        return { kind: 'list', items, at };
      }
      const odd = left.kind === kind ? right : left;
      const wanted =
        kind === 'list' ? 'only lists one after another' : 'only objects, one after another';
      throw new HoconError(odd.at, wanted, foundKind(odd));
    });
  }

  #followed(reference: ReferenceSyntax): Lazy | undefined {
    const { paths, text, optional, at } = reference;
    for (const path of paths) {
      const value = this.#find(path, reference);
      // A wrong value is best looked for where it was asked for.
      if (value !== undefined) return { ...value, at };
    }
    const variable = Object.hasOwn(this.#environment, text) ? this.#environment[text] : undefined;
    if (variable !== undefined) return stringOf(variable, at);
    if (optional) return undefined;
    const expected = `a key or an environment variable '${text}' (\${?${text}} does without)`;
    throw new HoconError(at, expected, 'neither');
  }

  #find(path: readonly string[], reference: ReferenceSyntax): Lazy | undefined {
    let here: Lazy = this.#root;
    for (const key of path) {
      if (here.kind !== 'object') return undefined;
      const slot: Slot | undefined = here.slots.get(key);
      const value: Lazy | undefined = slot && this.#reached(slot, reference);
      if (value === undefined) return undefined;
      here = value;
    }
    return here;
  }

  #reached(slot: Slot, { at, text }: ReferenceSyntax): Lazy | undefined {
    if (slot.state !== 'open') {
      if (this.#open.length < MAX_CHAIN) return this.#valueOf(slot);
      throw new HoconError(at, `at most ${MAX_CHAIN} references in a chain`, 'more');
    }
    // A key that refers to itself means what it was before; on a detour there is no before.
    if (this.#open.at(-1) === slot) return this.#upTo(slot, slot.layer);
    throw new HoconError(at, 'a value that does not depend on itself', `'\${${text}}'`);
  }
}

/** An object as slots, one for each key, nothing evaluated. */
function opened({ assignments, at }: ObjectSyntax): LazyObject {
  const layers = new Map<string, { keyAt: Origin; layers: Syntax[] }>();
  for (const { path, value } of assignments) {
    const [key, ...rest] = path;
    const { name, at: keyAt } = key!;
    const layer: Syntax =
      rest.length === 0
        ? value
        : { kind: 'object', assignments: [{ path: rest, value }], at: rest[0]!.at };
    const entry = layers.get(name);
    layers.set(name, { keyAt, layers: entry?.layers ?? [] });
    layers.get(name)!.layers.push(layer);
  }
  const slots = [...layers].map(
    ([name, slot]) => [name, newSlot(slot.keyAt, slot.layers)] as const,
  );
  return { kind: 'object', slots: new Map(slots), at };
}

function merged(older: LazyObject, newer: LazyObject): LazyObject {
  const slots = new Map(older.slots);
  for (const [key, slot] of newer.slots) {
    const below = slots.get(key);
    if (below === undefined) slots.set(key, slot);
    else slots.set(key, newSlot(slot.keyAt, [...below.layers, ...slot.layers]));
  }
  return { kind: 'object', slots, at: newer.at };
}

function newSlot(keyAt: Origin, layers: readonly Syntax[]): Slot {
  return { keyAt, layers, state: 'new', layer: 0, value: undefined };
}

function foundKind({ kind }: Lazy): string {
  if (kind === 'list') return 'a list';
  return kind === 'object' ? 'an object' : 'text';
}
