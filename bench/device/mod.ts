export { monotonicClock, type NowUs, type ReadClock, readClock } from './clock.js';
export { Connection, ConnectionThread, type ConnectionUser } from './connection.js';
export type {
  Device,
  DeviceFilter,
  DeviceIdentity,
  DeviceOwner,
  DeviceProgram,
  DeviceThread,
  Outgoing,
  OutgoingProperties,
} from './device.js';
export { type Endpoint, EndpointError, type TlsClient } from './endpoint.js';
export type { Exchange, RequestLog } from './exchange.js';
export { ForeignHeaders } from './foreign-headers.js';
export {
  answerMark,
  HEADER_BYTES,
  headerRun,
  headerSender,
  headerSequence,
  markAnswer,
  SEQUENCE_MODULUS,
} from './header.js';
export { LeanDevice, LeanThread } from './lean-device.js';
export { MqttJsDevice } from './mqttjs-device.js';
export { Receiver, type RunIdentity } from './receiver.js';
export { SourcePorts } from './source-ports.js';
export { COUNTER, Tally } from './tally.js';
export { type TimerSink, TimingWheel } from './timing-wheel.js';
export { ALIAS_PROPERTY_BYTES } from './topic-aliases.js';
export { wallOriginUs } from './wall-origin.js';
