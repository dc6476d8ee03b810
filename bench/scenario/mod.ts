/** The scenario: what a fleet does, as data. */

export { AnswerTopic } from './answer-topic.js';
export { BenchFlagError, type OwnFlag } from './bench-argv.js';
export { BENCH_FLAGS, type BenchFlag, type BenchVerb, benchFlags } from './bench-flags.js';
export { scenarioNotes } from './check.js';
export { groupIdentity } from './credentials.js';
export { DEFAULTS } from './defaults.js';
export { DeviceText } from './device-text.js';
export { ScenarioError, type ScenarioIssue } from './error.js';
export { FanOut } from './fan-out.js';
export {
  connectionOf,
  connectionsOf,
  devicesOn,
  filtersOnConnection,
  firstDeviceOn,
  isPerDevice,
} from './gateways.js';
export { scenarioHash } from './hash.js';
export { GroupIdentity } from './identity.js';
export { scenarioJsonSchema } from './json-schema.js';
export { keepsSession, type Leavers, leavers } from './leavers.js';
export { loadScenario, ScenarioNotFoundError } from './load.js';
export { parseScenario, type ScenarioChanges } from './parse.js';
export {
  compilePayload,
  MEASUREMENT_HEADER_BYTES,
  type PayloadTemplate,
  type PayloadValues,
} from './payload.js';
export { isAbout, isRunning, loadSegments } from './phase-load.js';
export type { LoadLine, Phase, RunningPhase } from './phase-schema.js';
export { type FleetPlan, type GroupPlan, messageLimit, plan, type StreamPlan } from './plan.js';
export { type Preset, presets } from './presets.js';
export {
  ConnectPropertyTemplates,
  MessagePropertyTemplates,
  UserPropertyTemplates,
} from './property-template.js';
export { scale } from './scale.js';
export type {
  Cluster,
  Group,
  Payload,
  ProfileChoice,
  Publish,
  PublishArrivals,
  Reconnect,
  Scenario,
  ScenarioSpelling,
  Subscription,
  Will,
} from './schema.js';
export { SetPathError, setPaths } from './set-paths.js';
export { scenarioToYaml } from './spelling.js';
export { subscriptionsOf } from './subscriptions.js';
export {
  formatTarget,
  isTls,
  isWebSocket,
  parseTarget,
  type Target,
  TargetError,
  type Transport,
} from './target.js';
export {
  compileTemplate,
  escapeTemplate,
  type Placeholder,
  type Template,
  type TemplatePart,
  type TemplateValues,
} from './template.js';
export type { Tls } from './tls.js';
export { tlsOf } from './tls-of.js';
export { type BenchOptions, type BenchTranslation, translateBench } from './translate-bench.js';
