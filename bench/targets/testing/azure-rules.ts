import { createHmac, timingSafeEqual } from 'node:crypto';
import { SecondCount } from './second-count.js';
import type { StandInRules } from './stand-in.js';
import type { KeyPair } from './test-authority.js';

/** Where its numbers are from: IoT Hub's MQTT page, and quotas and throttling, one unit of S1. */
const CONNECTS_PER_SEC = 100;
const PAYLOAD_BYTES = 256 * 1024;
const SUBSCRIPTIONS = 5;
const [UNACCEPTABLE_PROTOCOL, NOT_AUTHORISED] = [1, 5];

export interface AzureOptions {
  host: string;
  server: KeyPair;
  /** In base64: of each device by its id, and of the hub's policies by their name. */
  deviceKey: (deviceId: string) => string | undefined;
  policyKey: (policy: string) => string | undefined;
  nowMs?: () => number;
}

/** Azure IoT Hub: user-name form, SAS tokens, a device's own topics only, no QoS 2. */
export function azureRules(options: AzureOptions): StandInRules {
  const { host, server, nowMs = Date.now } = options;
  const connects = new SecondCount(nowMs);
  return {
    tls: { ...server, minVersion: 'TLSv1.2' },
    stripsRetain: true,
    admit({ protocolVersion, clientId, username, password }) {
      if (protocolVersion !== 4) return UNACCEPTABLE_PROTOCOL;
      const user = new RegExp(`^${escaped(host)}/([^/]+)/\\?api-version=`);
      if (user.exec(username ?? '')?.[1] !== clientId) return NOT_AUTHORISED;
      if (!isGranted(Buffer.from(password ?? '').toString(), clientId, options)) {
        return NOT_AUTHORISED;
      }
      return connects.add('') > CONNECTS_PER_SEC ? 'close' : 0;
    },
    publish({ id }, { topic, payload, qos }) {
      if (qos === 2 || payload.length > PAYLOAD_BYTES) return 'close';
      const own = [
        `devices/${id}/messages/events/`,
        '$iothub/twin/GET/?$rid=',
        '$iothub/twin/PATCH/properties/reported/?$rid=',
        '$iothub/methods/res/',
      ];
      return own.some((start) => topic.startsWith(start)) ? 'route' : 'close';
    },
    subscribe({ id, subscriptions }, { subscriptions: asked }) {
      const own = [
        `devices/${id}/messages/devicebound/`,
        '$iothub/twin/res/',
        '$iothub/twin/PATCH/properties/desired/',
        '$iothub/methods/POST/',
      ];
      return asked.map(({ filter, qos }, k) => {
        if (subscriptions.size + k >= SUBSCRIPTIONS) return 0x80;
        // QoS 2 is granted as 1.
        return own.some((start) => filter.startsWith(start)) ? Math.min(qos, 1) : 0x80;
      });
    },
  };
}

/** `SharedAccessSignature sr=…&sig=…&se=…[&skn=…]`, in any order. */
function isGranted(token: string, deviceId: string, options: AzureOptions): boolean {
  const { host, deviceKey, policyKey, nowMs = Date.now } = options;
  const [scheme, rest] = token.split(' ');
  if (scheme !== 'SharedAccessSignature' || rest === undefined) return false;
  const fields = new Map(
    rest.split('&').map((pair) => {
      const equals = pair.indexOf('=');
      return [pair.slice(0, equals), pair.slice(equals + 1)] as const;
    }),
  );
  const [sr, sig, se, skn] = ['sr', 'sig', 'se', 'skn'].map((name) => fields.get(name));
  if (sr === undefined || sig === undefined || se === undefined) return false;
  if (Number(se) * 1000 <= nowMs()) return false;
  const resource = decodeURIComponent(sr);
  const own = `${host}/devices/${deviceId}`;
  const covers = skn === undefined ? resource === own : resource === host || resource === own;
  const key = skn === undefined ? deviceKey(deviceId) : policyKey(decodeURIComponent(skn));
  if (!covers || key === undefined) return false;
  const mac = createHmac('sha256', Buffer.from(key, 'base64'));
  const wanted = mac.update(`${sr}\n${se}`).digest();
  const given = Buffer.from(decodeURIComponent(sig), 'base64');
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
