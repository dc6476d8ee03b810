import { z } from 'zod';
import { count, flag, MAX_UINT32, mapping, seconds, text } from './fields.js';

/**
 * The properties of MQTT 5 (§2.2.2.2) that a scenario may set, under the specification's names. Texts may
 * have placeholders, and are rendered once for each device.
 */

const PAIRS_EXPECTED = 'a mapping of names to texts, or a list of [name, text]';
const word = z.union([text, z.number().transform(String)], { error: PAIRS_EXPECTED });

/** A list where a name comes twice or more, which the specification allows. */
export const userProperties = z.union(
  [
    z.array(z.tuple([word, word], { error: PAIRS_EXPECTED })),
    z.record(z.string(), word).transform((pairs) => Object.entries(pairs)),
  ],
  { error: PAIRS_EXPECTED },
);

export const connectProperties = mapping({
  receiveMaximum: count(1, 65_535).optional(),
  maximumPacketSize: count(1).optional(),
  topicAliasMaximum: count(0, 65_535).optional(),
  requestResponseInformation: flag.optional(),
  requestProblemInformation: flag.optional(),
  userProperties: userProperties.optional(),
});

const ofMessage = {
  payloadFormatIndicator: z.literal([0, 1], { error: '0, or 1 for UTF-8 text' }).optional(),
  messageExpiry: seconds(MAX_UINT32).optional(),
  contentType: text.optional(),
  responseTopic: text.optional(),
  correlationData: text.optional(),
  userProperties: userProperties.optional(),
};

export const willProperties = mapping(ofMessage).transform(inMicroseconds);

export const publishProperties = mapping({
  ...ofMessage,
  topicAlias: flag.optional(),
}).transform(inMicroseconds);

/** What MQTT 5 has in a subscription besides filter and QoS. */
export const subscriptionOptions = {
  noLocal: flag.optional(),
  retainAsPublished: flag.optional(),
  retainHandling: z
    .literal([0, 1, 2], {
      error: '0 (retained messages are sent), 1 (with a new subscription), 2 (not sent)',
    })
    .optional(),
  subscriptionIdentifier: count(1, 268_435_455).optional(),
  userProperties: userProperties.optional(),
};

function inMicroseconds<T extends { messageExpiry?: number | undefined }>({
  messageExpiry,
  ...rest
}: T) {
  return { ...rest, ...(messageExpiry === undefined ? {} : { messageExpiryUs: messageExpiry }) };
}

export type ConnectPropertySpec = z.output<typeof connectProperties>;
export type WillPropertySpec = z.output<typeof willProperties>;
export type PublishPropertySpec = z.output<typeof publishProperties>;
export type UserPropertySpec = z.output<typeof userProperties>;
