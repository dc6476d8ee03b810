import { random } from '../schedule/mod.js';

/**
 * Text with placeholders, for client ids, user names, topics, filters and payloads. They may stand
 * anywhere in the text: `%i` device number, `%c` client id, `%u` user name, `%g` group name,
 * `%s` message number, `%rand_N` 1..N, `{gateway}` number of the device's connection, `{run}` the run's
 * id. `%%` is a percent sign and `%{` a brace; anything else after a percent sign is text, percent sign included.
 */

/** What the placeholders stand for. One object may be reused for every message. */
export interface TemplateValues {
  /** `{run}`: four hex digits. */
  run: string;
  /** `%g` */
  group: string;
  /** `%i`: index in the group + the group's startNumber. */
  number: number;
  /** `{gateway}`: index of the device's connection in the group + the group's startNumber. */
  gateway: number;
  /** `%c` */
  clientId: string;
  /** `%u` */
  username: string;
  /** `%s`: number of the message in this device's stream, from 1. */
  message: number;
  /** For `%rand_N`: the scenario's seed and the sender slot; with `message` they fix the draw. */
  seed: number;
  sender: number;
}

export type Placeholder = 'i' | 'c' | 'u' | 'g' | 's' | 'rand' | 'run' | 'gateway';

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: Exclude<Placeholder, 'rand'> }
  | { readonly kind: 'rand'; readonly maximum: number };

/** A compiled text. */
export interface Template {
  readonly source: string;
  readonly parts: readonly TemplatePart[];
  /** The same for every message of one device: no `%s`, no `%rand_N`. */
  readonly isStatic: boolean;
  /** The same for every device as well, given the run: no placeholder but `%g` and `{run}`. */
  readonly isShared: boolean;
  uses(placeholder: Placeholder): boolean;
  render(values: TemplateValues): string;
}

const TOKEN = /%%|%\{|%rand_([1-9]\d{0,8})(?!\d)|%[icugs]|\{run\}|\{gateway\}/g;

export function compileTemplate(source: string): Template {
  const parts: TemplatePart[] = [];
  let text = '';
  let end = 0;
  const flush = () => {
    if (text !== '') parts.push({ kind: 'text', text });
    text = '';
  };
  for (const match of source.matchAll(TOKEN)) {
    const [token, maximum] = match;
    text += source.slice(end, match.index);
    end = match.index + token.length;
    if (token === '%%' || token === '%{') {
      text += token[1];
      continue;
    }
    flush();
    if (maximum !== undefined) parts.push({ kind: 'rand', maximum: Number(maximum) });
    else if (token === '{run}') parts.push({ kind: 'run' });
    else if (token === '{gateway}') parts.push({ kind: 'gateway' });
    else parts.push({ kind: token[1] as 'i' | 'c' | 'u' | 'g' | 's' });
  }
  text += source.slice(end);
  flush();
  return new CompiledTemplate(source, parts);
}

/** `text` written so that compiling it gives the text back. */
export function escapeTemplate(text: string): string {
  return text
    .replaceAll('%', '%%')
    .replaceAll('{run}', '%{run}')
    .replaceAll('{gateway}', '%{gateway}');
}

class CompiledTemplate implements Template {
  readonly source: string;
  readonly parts: readonly TemplatePart[];
  readonly isStatic: boolean;
  readonly isShared: boolean;

  constructor(source: string, parts: readonly TemplatePart[]) {
    this.source = source;
    this.parts = parts;
    this.isStatic = !this.uses('s') && !this.uses('rand');
    this.isShared = parts.every((p) => p.kind === 'text' || p.kind === 'g' || p.kind === 'run');
  }

  uses(placeholder: Placeholder): boolean {
    return this.parts.some((part) => part.kind === placeholder);
  }

  render(values: TemplateValues): string {
    let text = '';
    for (let k = 0; k < this.parts.length; k++) {
      text += partText(this.parts[k]!, k, values);
    }
    return text;
  }
}

/** Streams of draws that no schedule uses: a schedule's third counter is a stream key, below 2^31. */
const TEMPLATE_DRAW = 0x8000_0000;

/** `place` tells two `%rand_N` of one text apart. */
export function partText(part: TemplatePart, place: number, values: TemplateValues): string {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'i':
      return String(values.number);
    case 'gateway':
      return String(values.gateway);
    case 'c':
      return values.clientId;
    case 'u':
      return values.username;
    case 'g':
      return values.group;
    case 's':
      return String(values.message);
    case 'run':
      return values.run;
    case 'rand': {
      const draw = random(values.seed, TEMPLATE_DRAW + place, values.sender, values.message);
      return String(1 + Math.floor(draw * part.maximum));
    }
  }
}
