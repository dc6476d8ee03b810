/** A node's config: HOCON, environment and flags → one checked object. */
export { brokerConfigOf } from './broker-config.js';
export { ConfigError, type ConfigIssue } from './config-error.js';
export type { NamedFlags } from './layers.js';
export { type ConfigSources, type LoadedConfig, loadConfig } from './load.js';
export type { NodeConfig } from './schema.js';
export { type Setting, settingLines } from './settings.js';
