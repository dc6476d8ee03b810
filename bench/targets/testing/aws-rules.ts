import type { TlsOptions } from 'node:tls';
import { ReasonCode } from '../../../wire/mod.js';
import { SecondCount } from './second-count.js';
import type { StandInRules } from './stand-in.js';
import type { KeyPair } from './test-authority.js';

/** Where its numbers are from: AWS IoT Core endpoints and quotas, and the developer guide's MQTT page. */
const CONNECTS_PER_SEC = 500;
const CONNECTS_PER_SEC_PER_CLIENT_ID = 1;
const MESSAGES_PER_SEC_PER_CONNECTION = 100;
const CLIENT_ID_BYTES = 128;
const TOPIC_BYTES = 256;
const TOPIC_SLASHES = 7;
const PAYLOAD_BYTES = 128 * 1024;
const FILTERS_PER_SUBSCRIBE = 8;
const SUBSCRIPTIONS = 50;
const KEEP_ALIVE_SECONDS = [30, 1200] as const;

export interface AwsOptions {
  endpoint: string;
  server: KeyPair;
  /** Authority of the device certificates, as PEM. */
  deviceAuthority: string;
  /** 443: with ALPN; 8883: without. */
  like: 443 | 8883;
  /** The policy lets a certificate connect as the client id only that is its common name. */
  ownNameOnly?: boolean;
  nowMs?: () => number;
}

/** AWS IoT Core: mutual TLS, server name and ALPN, no QoS 2, its limits per client and account. */
export function awsRules({
  endpoint,
  server,
  deviceAuthority,
  like,
  ownNameOnly = false,
  nowMs = Date.now,
}: AwsOptions): StandInRules {
  const connects = new SecondCount(nowMs);
  const byClientId = new SecondCount(nowMs);
  const messages = new SecondCount(nowMs);
  const tls: TlsOptions = {
    ...server,
    ca: deviceAuthority,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(like === 443 ? { ALPNProtocols: ['x-amzn-mqtt-ca'] } : {}),
  };
  return {
    tls,
    admit({ protocolVersion, clientId, keepAliveSeconds }, socket) {
      const servername = (socket as { servername?: string | false }).servername;
      if (servername !== endpoint) return 'close';
      if (like === 443 && socket.alpnProtocol !== 'x-amzn-mqtt-ca') return 'close';
      const is5 = protocolVersion === 5;
      if (protocolVersion === 3) return 1;
      if (Buffer.byteLength(clientId) > CLIENT_ID_BYTES || (clientId === '' && !is5)) {
        return is5 ? ReasonCode.CLIENT_IDENTIFIER_NOT_VALID : 2;
      }
      if (ownNameOnly && socket.getPeerCertificate().subject.CN !== clientId) {
        return is5 ? ReasonCode.NOT_AUTHORIZED : 'close';
      }
      const [low, high] = KEEP_ALIVE_SECONDS;
      // 0 is taken as the default; others outside are not.
      if (keepAliveSeconds !== 0 && (keepAliveSeconds < low || keepAliveSeconds > high)) {
        return is5 ? ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR : 'close';
      }
      const tooMany =
        connects.add('') > CONNECTS_PER_SEC ||
        byClientId.add(clientId) > CONNECTS_PER_SEC_PER_CLIENT_ID;
      if (tooMany) return is5 ? ReasonCode.QUOTA_EXCEEDED : 'close';
      return 0;
    },
    publish({ id }, { topic, payload, qos }) {
      if (Buffer.byteLength(topic) > TOPIC_BYTES) return 'close';
      if (topic.split('/').length - 1 > TOPIC_SLASHES) return 'close';
      if (payload.length > PAYLOAD_BYTES) return 'close';
      if (qos === 2) return 'silence';
      // What is above the quota is thrown away, and not acknowledged.
      return messages.add(id) > MESSAGES_PER_SEC_PER_CONNECTION ? 'silence' : 'route';
    },
    subscribe({ subscriptions }, { subscriptions: asked }) {
      if (asked.some(({ qos }) => qos === 2)) return 'silence';
      if (asked.length > FILTERS_PER_SUBSCRIBE) return 'close';
      if (subscriptions.size + asked.length > SUBSCRIPTIONS) return 'close';
      return asked.map(({ filter, qos }) =>
        filter.split('/').length - 1 > TOPIC_SLASHES ? 0x80 : qos,
      );
    },
  };
}
