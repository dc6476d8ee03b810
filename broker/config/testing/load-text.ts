import assert from 'node:assert/strict';
import { ConfigError, type ConfigSources, type LoadedConfig, loadConfig } from '../mod.js';

export type Others = Omit<ConfigSources, 'file' | 'readFile'>;

/** A config file of that text, by the name of emqx.conf. */
export function load(text: string, others: Others = {}): LoadedConfig {
  const readFile = (path: string): string | undefined => (path === 'emqx.conf' ? text : undefined);
  return loadConfig({ file: 'emqx.conf', readFile, ...others });
}

/** The text is refused with that. */
export function fails(text: string, says: RegExp, others?: Others): void {
  assert.throws(
    () => load(text, others),
    (error) => error instanceof ConfigError && says.test(error.message),
  );
}
