import { SecondCount } from './second-count.js';
import type { Client, StandInRules } from './stand-in.js';
import type { KeyPair } from './test-authority.js';

/** Where its numbers are from: the documentation of the Lite plan, withdrawn on 1 December 2023. */
const CONNECTS_PER_SEC = 10;
const PAYLOAD_BYTES = 131_072;
const [IDENTIFIER_REJECTED, BAD_CREDENTIALS] = [2, 4];

export interface WatsonOptions {
  org: string;
  server: KeyPair;
  /** Of a device by `type:id`, of an application by its id. */
  token: (who: string) => string | undefined;
  nowMs?: () => number;
}

/** IBM Watson IoT Platform: client-id form, tokens, and topics that differ for device and application. */
export function watsonRules({ org, server, token, nowMs = Date.now }: WatsonOptions): StandInRules {
  const connects = new SecondCount(nowMs);
  return {
    tls: server,
    stripsRetain: true,
    admit({ clientId, username, password }) {
      const [kind, ofOrg, ...who] = clientId.split(':');
      const parts = { d: 2, g: 2, a: 1 }[kind ?? ''];
      if (parts !== who.length || ofOrg !== org || who.includes('')) return IDENTIFIER_REJECTED;
      const given = Buffer.from(password ?? '').toString();
      const isToken = kind === 'a' || username === 'use-token-auth';
      if (!isToken || given === '' || token(who.join(':')) !== given) return BAD_CREDENTIALS;
      return connects.add('') > CONNECTS_PER_SEC ? 'close' : 0;
    },
    publish(client, { topic, payload }) {
      if (payload.length > PAYLOAD_BYTES) return 'close';
      const form = isDevice(client)
        ? /^iot-2\/evt\/[^/]+\/fmt\/[^/]+$/
        : /^iot-2\/type\/[^/]+\/id\/[^/]+\/(evt|cmd)\/[^/]+\/fmt\/[^/]+$/;
      return form.test(topic) ? 'route' : 'close';
    },
    subscribe(client, { subscriptions }) {
      const form = isDevice(client)
        ? /^iot-2\/cmd\/[^/]+\/fmt\/[^/]+$/
        : /^iot-2\/type\/[^/]+\/id\/[^/]+\/(evt|cmd)\/[^/]+\/fmt\/[^/]+$/;
      return subscriptions.map(({ filter, qos }) => (form.test(filter) ? qos : 0x80));
    },
    toPlatform(client, topic) {
      return isDevice(client) ? topic.replace(/^iot-2\//, prefixOf(client)) : topic;
    },
    toClient(client, topic) {
      return isDevice(client) ? topic.replace(prefixOf(client), 'iot-2/') : topic;
    },
  };
}

function isDevice({ id }: Client): boolean {
  return id.startsWith('d:');
}

function prefixOf({ id }: Client): string {
  const [, , type, device] = id.split(':');
  return `iot-2/type/${type}/id/${device}/`;
}
