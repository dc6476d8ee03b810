import { type Bind, bindText, readBind } from './bind.js';
import { ConfigError } from './config-error.js';
import {
  type Environment,
  HoconError,
  type HoconObject,
  type HoconValue,
  overlay,
  parseHoconValue,
  pathOf,
  scalarOf,
  wrapped,
} from './hocon/mod.js';
import { isKey } from './keys.js';
import { presentPath, whyPassedOver } from './passed-over.js';
import { DEFAULT_BIND, DEFAULT_LISTENER } from './sections/listeners.js';
import { fieldAt } from './tree.js';

/** What lies on top of the file: the environment, `--set`, and the flags that have names of their own. */

export const EMPTY: HoconObject = { kind: 'object', fields: new Map(), at: { source: 'default' } };

/** EMQX's variables are taken as well; ours are looked at later and win. */
const PREFIXES = ['EMQX_', 'FLEETGAUGE_'];

/**
 * `FLEETGAUGE_NODE__NAME` is `node.name`. Only names with `__` are keys. A variable of EMQX that means nothing
 * here may be meant for EMQX on the same machine: it is passed over with a note.
 */
export function environmentLayer(environment: Environment): {
  layer: HoconObject;
  notes: string[];
} {
  const notes: string[] = [];
  let layer = EMPTY;
  for (const prefix of PREFIXES) {
    for (const name of Object.keys(environment).sort()) {
      const text = environment[name];
      if (!name.startsWith(prefix) || !name.includes('__') || !text) continue;
      const source = `environment variable ${name}`;
      const path = presentPath(name.slice(prefix.length).toLowerCase().split('__'));
      const foreign = prefix === 'EMQX_' && !isKey(path) && whyPassedOver(path) === undefined;
      if (foreign) notes.push(`${source}: passed over, there is no key ${path.join('.')}`);
      else layer = overlay(layer, wrapped(path, valueFrom(text, source)));
    }
  }
  return { layer, notes };
}

/** `--set node.name=n1@10.0.0.1`. Throws ConfigError. */
export function setLayer(assignments: readonly string[]): HoconObject {
  return assignments.reduce((layer, assignment) => {
    const equals = assignment.indexOf('=');
    const key = assignment.slice(0, equals).trim();
    const at = { source: `--set ${equals < 0 ? assignment : key}` };
    if (equals <= 0) {
      throw new ConfigError([
        { at, path: '', expected: 'key=value, such as node.name=n1@127.0.0.1', found: undefined },
      ]);
    }
    const value = valueFrom(assignment.slice(equals + 1), at.source);
    return overlay(layer, wrapped(presentPath(pathOf(key, at.source)), value));
  }, EMPTY);
}

/** The flags of `broker start` that are older than its config. */
export interface NamedFlags {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly nodeName?: string | undefined;
}

/** `--host` and `--port` change the address of one listener: `default`, or the first if there is none of that name. */
export function flagsLayer({ host, port, nodeName }: NamedFlags, below: HoconObject): HoconObject {
  let layer = EMPTY;
  if (nodeName !== undefined) {
    layer = wrapped(['node', 'name'], scalarOf(nodeName, { source: '--node-name' }));
  }
  if (host === undefined && port === undefined) return layer;
  const tcp = fieldAt(below, ['listeners', 'tcp'])?.value;
  const names = tcp?.kind === 'object' ? [...tcp.fields.keys()] : [];
  const path = [
    'listeners',
    'tcp',
    names.includes(DEFAULT_LISTENER) ? DEFAULT_LISTENER : (names[0] ?? DEFAULT_LISTENER),
    'bind',
  ];
  const given = fieldAt(below, path)?.value;
  const text = given !== undefined && 'text' in given ? given.text : DEFAULT_BIND;
  const old = readBind(text) ?? (readBind(DEFAULT_BIND) as Bind);
  const bind = bindText({ host: host ?? old.host, port: port ?? old.port });
  const source = [host === undefined ? [] : '--host', port === undefined ? [] : '--port'];
  return overlay(layer, wrapped(path, scalarOf(bind, { source: source.flat().join(' and ') })));
}

/** Lists, objects and quoted text are HOCON; other text is taken as it is, so that no `#` is lost from it. */
function valueFrom(text: string, source: string): HoconValue {
  const at = { source };
  if (!/^\s*[[{"]/.test(text)) return scalarOf(text.trim(), at);
  try {
    return placed(parseHoconValue(text, source), source);
  } catch (error) {
    if (!(error instanceof HoconError)) throw error;
    const { expected, found } = error;
    throw new ConfigError([{ at, path: '', expected, found }], { cause: error });
  }
}

/** Lines and columns of a variable say nothing to anybody. */
function placed(value: HoconValue, source: string): HoconValue {
  const at = { source };
  if (value.kind === 'list') {
    return { ...value, at, items: value.items.map((item) => placed(item, source)) };
  }
  if (value.kind !== 'object') return { ...value, at };
  const fields = [...value.fields].map(
    ([key, field]) => [key, { keyAt: at, value: placed(field.value, source) }] as const,
  );
  return { ...value, at, fields: new Map(fields) };
}
