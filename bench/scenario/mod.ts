/** The scenario: what a fleet does, as data. */
export { ScenarioError, type ScenarioIssue } from './error.js';
export { FanOut } from './fan-out.js';
export { GroupIdentity } from './identity.js';
export { parseScenario } from './parse.js';
export {
  compilePayload,
  MEASUREMENT_HEADER_BYTES,
  type PayloadTemplate,
  type PayloadValues,
} from './payload.js';
export { type FleetPlan, type GroupPlan, messageLimit, plan, type StreamPlan } from './plan.js';
export {
  DEFAULTS,
  type Group,
  type LoadLine,
  loadOf,
  type Payload,
  type Phase,
  type Publish,
  type PublishArrivals,
  type Scenario,
  type ScenarioSpelling,
  type Subscription,
  type Will,
} from './schema.js';
export {
  compileTemplate,
  escapeTemplate,
  type Placeholder,
  type Template,
  type TemplatePart,
  type TemplateValues,
} from './template.js';
