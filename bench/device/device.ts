import type { ConnectPacket, ConnectProperties, ProtocolVersion } from '../../wire/mod.js';
import type { NowUs } from './clock.js';
import type { Endpoint } from './endpoint.js';
import type { Exchange, RequestLog } from './exchange.js';
import type { Receiver, RunIdentity } from './receiver.js';
import type { Tally } from './tally.js';

/** A subscription of a device; what MQTT 5 has besides filter and QoS is false, 0 and none where it is left out. */
export interface DeviceFilter {
  filter: string;
  qos: 0 | 1 | 2;
  noLocal?: boolean;
  retainAsPublished?: boolean;
  retainHandling?: 0 | 1 | 2;
  subscriptionIdentifier?: number;
  userProperties?: [string, string][];
  /** In which SUBSCRIBE of the device it goes, from 1; the first if it is left out. */
  packet?: number;
}

/** What a device needs to know of itself, rendered from its group's templates. */
export interface DeviceIdentity {
  clientId: string;
  username?: string;
  password?: string;
  will?: NonNullable<ConnectPacket['will']>;
  /** Of its CONNECT, the session's expiry aside. */
  properties?: ConnectProperties;
  filters: DeviceFilter[];
}

/** What the devices of a group have in common. */
export interface DeviceProgram {
  version: ProtocolVersion;
  cleanStart: boolean;
  keepAliveSeconds: number;
  sessionExpirySeconds: number;
  /** QoS 1 and 2 messages in flight per device, 0 for no limit; the target's receive maximum may lower it. */
  inflight: number;
  connectTimeoutUs: number;
  /** The largest packet that it takes, in bytes; the specification's limit if it is left out. */
  maximumPacketSize?: number;
  /** How many SUBSCRIBE packets its filters take, one if it is left out; and how many topic aliases its streams use. */
  subscribePackets?: number;
  topicAliases?: number;
  /**
   * What the retain flag of a delivery says: a copy that the target kept (the default), a message of now that
   * was published with it (subscriptions with retainAsPublished, without such copies), or either.
   */
  retainFlag?: 'kept' | 'published' | 'either';
  /** Rendered anew when it is needed: a million devices do not keep their names. */
  identity(device: number): DeviceIdentity;
  /** Asked for at each connect. Throws EndpointError when the device lacks what it needs for it. */
  endpoint(device: number): Endpoint;
}

/** The property list of a PUBLISH, MQTT 5, as it goes out; `bytes[start..end)`, without its length. */
export interface OutgoingProperties {
  bytes: Uint8Array;
  start: number;
  end: number;
  /** 0: none; otherwise the list begins with it. */
  topicAlias: number;
  /** It ends with Correlation Data of 16 bytes, into which the measurement header goes. */
  correlates: boolean;
}

/** One message to publish; prepared once per stream of a device, or per message where the topic varies. */
export interface Outgoing {
  topic: Uint8Array;
  topicStart: number;
  topicEnd: number;
  /** with room for the measurement header in its first 16 bytes when `timed` */
  payload: Uint8Array;
  timed: boolean;
  /** Where in the payload the measurement header is to go; at its front if it is left out. */
  headerAt?: number;
  qos: 0 | 1 | 2;
  retain: boolean;
  sender: number;
  properties?: OutgoingProperties | undefined;
  /** Of a request: who is told when it is out. */
  request?: RequestLog | undefined;
}

/** One simulated device. It counts and times what it does; its owner decides when. */
export interface Device {
  /** Once more, too, when its last connection is gone: `failed`, `lost` or `closed` was said. */
  connect(intendedUs: number): void;
  /**
   * Sends one message now. False: it has no room (in-flight window full, socket not drained, not
   * connected); nothing was sent, and `owner.hasRoom` follows when there is room again.
   */
  publish(message: Outgoing, sequence: number, intendedUs: number): boolean;
  /** Hands what was published to the socket: once after a row of publishes, before another device publishes. */
  flush(): void;
  /** Connected and every subscription answered. */
  readonly ready: boolean;
  /** Its time has come that `timerUs` asked for: keep-alive, connect timeout, patience with a goodbye. Returns the next such time, Infinity for none. */
  timer(nowUs: number): number;
  /** Says goodbye (DISCONNECT) and closes. */
  disconnect(): void;
  /** Ends its connection without a word, as a crash does: the target publishes its will. */
  cut(): void;
  readonly inflight: number;
}

/** What a device tells the one who drives it. */
export interface DeviceOwner {
  /** Connected and subscribed (some filters may have been refused: counted). */
  ready(device: number): void;
  /** Never became ready. */
  failed(device: number): void;
  /** Was ready and lost its connection. */
  lost(device: number): void;
  /** A publish was refused before and would be taken now. */
  hasRoom(device: number): void;
  /** Gone after `disconnect` or `cut`. */
  closed(device: number): void;
}

/** What all devices of one thread share. */
export interface DeviceThread {
  nowUs: NowUs;
  tally: Tally;
  receiver: Receiver;
  owner: DeviceOwner;
  identity: RunIdentity;
  /** Where the scenario has requests or answers. */
  exchange?: Exchange | undefined;
}
