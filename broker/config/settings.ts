import { type HoconObject, type HoconValue, pathText, placeOf } from './hocon/mod.js';
import { isSecret, KEYS } from './keys.js';
import { DEFAULT_LISTENER } from './sections/listeners.js';
import { fieldAt, spelling } from './tree.js';

/** One value of a config, and where it comes from. */
export interface Setting {
  readonly path: readonly string[];
  /** As HOCON. */
  readonly text: string;
  /** `emqx.conf:3:9`, `environment variable …`, `--port`, `default`. */
  readonly source: string;
}

/** All values that are in force; keys without one are left out. */
export function settingsOf(root: HoconObject): Setting[] {
  return KEYS.flatMap(({ path, fallback }) =>
    expanded(path, root).flatMap((here): Setting[] => {
      const value = fieldAt(root, here)?.value;
      if (value !== undefined && value.kind !== 'null') {
        const text = isSecret(here) ? '"******"' : valueText(value);
        return [{ path: here, text, source: placeOf(value.at) }];
      }
      if (fallback === undefined) return [];
      return [
        {
          path: here,
          text: fallback.startsWith('[') ? fallback : quotedIfNeeded(fallback),
          source: 'default',
        },
      ];
    }),
  );
}

/** The settings as a config, one on a line, its source in a comment. */
export function settingLines(settings: readonly Setting[]): string[] {
  const lines = settings.map(({ path, text }) => `${pathText(path)} = ${text}`);
  const width = Math.max(...lines.map((line) => line.length).filter((length) => length <= 60));
  return lines.map((line, index) => `${line.padEnd(width)}  # ${settings[index]!.source}`);
}

/** The paths that a pattern stands for in this config. */
function expanded(pattern: readonly string[], root: HoconObject): (readonly string[])[] {
  const star = pattern.indexOf('*');
  if (star < 0) return [pattern];
  const names = fieldAt(root, pattern.slice(0, star))?.value;
  const chosen = names?.kind === 'object' ? [...names.fields.keys()] : [DEFAULT_LISTENER];
  return chosen.map((name) => pattern.with(star, name));
}

function valueText(value: HoconValue): string {
  if (value.kind === 'list') return `[${value.items.map(valueText).join(', ')}]`;
  return value.kind === 'string' ? quotedIfNeeded(value.text) : spelling(value);
}

function quotedIfNeeded(text: string): string {
  return /^[\w.%-]+$/.test(text) ? text : JSON.stringify(text);
}
