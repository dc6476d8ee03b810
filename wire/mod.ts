/** MQTT 3.1, 3.1.1 and 5 packets ⇄ bytes: no I/O, no state beyond one packet. */
export * from './ack-bytes.js';
export { ConnectReturnCode, connectReturnName } from './connect-return-code.js';
export { decode } from './decode.js';
export { encode } from './encode.js';
export { MqttError } from './errors.js';
export { Framer, type FrameSink } from './framer.js';
export { PacketType, type ProtocolVersion, packetTypeName, type Qos } from './packet-type.js';
export type * from './packets.js';
export type {
  AckProperties,
  AuthProperties,
  ConnackProperties,
  ConnectProperties,
  DisconnectProperties,
  PublishProperties,
  SubscribeProperties,
  UnsubscribeProperties,
  WillProperties,
} from './properties.js';
export {
  PROPERTIES,
  type Properties,
  type PropertyEntry,
  PropertyKind,
  type PropertyName,
} from './properties.js';
export { publishPropertyBytes } from './property-bytes.js';
export {
  CORRELATION_DATA,
  findProperty,
  RESPONSE_TOPIC,
} from './property-find.js';
export { readProperties } from './property-read.js';
export { publishBytes, writePublishHead } from './publish-head.js';
export { PublishView, readPublish } from './publish-view.js';
export {
  isReasonCodeAllowed,
  REASON_CODES,
  ReasonCode,
  type ReasonCodeEntry,
  reasonName,
} from './reason-code.js';
export { parseSharedFilter, topicFilterError, topicNameError } from './topic-filter.js';
export { topicMatches } from './topic-match.js';
