export { monotonicClock, type NowUs, type ReadClock, readClock } from './clock.js';
export { Connection, ConnectionThread, type ConnectionUser } from './connection.js';
export type {
  Device,
  DeviceIdentity,
  DeviceOwner,
  DeviceProgram,
  DeviceThread,
  Outgoing,
} from './device.js';
export { type Endpoint, EndpointError, type TlsClient } from './endpoint.js';
export { ForeignHeaders } from './foreign-headers.js';
export { HEADER_BYTES, SEQUENCE_MODULUS } from './header.js';
export { LeanDevice, LeanThread } from './lean-device.js';
export { MqttJsDevice } from './mqttjs-device.js';
export { Receiver, type RunIdentity } from './receiver.js';
export { SourcePorts } from './source-ports.js';
export { COUNTER, Tally } from './tally.js';
export { type TimerSink, TimingWheel } from './timing-wheel.js';
export { wallOriginUs } from './wall-origin.js';
