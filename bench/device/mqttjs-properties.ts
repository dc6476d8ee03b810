import type {
  IClientOptions,
  IClientPublishOptions,
  IClientSubscribeOptions,
  IPublishPacket,
} from 'mqtt';
import {
  type ConnectProperties,
  type PublishProperties,
  PublishView,
  publishPropertyBytes,
  type WillProperties,
} from '../../wire/mod.js';

/** Properties of MQTT 5 as the `mqtt` package spells them. */
export function connectOf(
  properties: ConnectProperties,
): NonNullable<IClientOptions['properties']> {
  const { authenticationData: _data, userProperties, ...rest } = properties;
  return { ...rest, ...userOf(userProperties) };
}

export function willOf(
  properties: WillProperties,
): NonNullable<NonNullable<IClientOptions['will']>['properties']> {
  const { willDelayInterval } = properties;
  return {
    ...messageOf(properties),
    ...(willDelayInterval !== undefined && { willDelayInterval }),
  };
}

export function publishOf(
  properties: PublishProperties,
): NonNullable<IClientPublishOptions['properties']> {
  const { topicAlias } = properties;
  return { ...messageOf(properties), ...(topicAlias !== undefined && { topicAlias }) };
}

export function subscribeOf(
  subscriptionIdentifier: number | undefined,
  userProperties: [string, string][] | undefined,
): NonNullable<IClientSubscribeOptions['properties']> {
  return {
    ...(subscriptionIdentifier !== undefined && { subscriptionIdentifier }),
    ...userOf(userProperties),
  };
}

function messageOf(properties: WillProperties | PublishProperties) {
  const { payloadFormatIndicator, messageExpiryInterval, contentType } = properties;
  const { responseTopic, correlationData, userProperties } = properties;
  return {
    ...(payloadFormatIndicator !== undefined && {
      payloadFormatIndicator: payloadFormatIndicator === 1,
    }),
    ...(messageExpiryInterval !== undefined && { messageExpiryInterval }),
    ...(contentType !== undefined && { contentType }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData: Buffer.from(correlationData) }),
    ...userOf(userProperties),
  };
}

/** The package has one entry for each name, with a list where a name repeats. */
function userOf(pairs: [string, string][] | undefined) {
  if (pairs === undefined) return {};
  const userProperties: Record<string, string | string[]> = {};
  for (const [name, text] of pairs) {
    const before = userProperties[name];
    userProperties[name] = before === undefined ? text : [before, text].flat();
  }
  return { userProperties };
}

/** A PUBLISH that the package has taken apart, as the lean device sees one: what answers and requests are known by. */
export function inboundOf(
  topic: string,
  payload: Buffer,
  { qos, retain, properties }: IPublishPacket,
): { bytes: Uint8Array; view: PublishView } {
  const { responseTopic, correlationData } = properties ?? {};
  const name = Buffer.from(topic);
  const list = publishPropertyBytes({
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData }),
  });
  const view = new PublishView();
  view.qos = qos;
  view.retain = retain;
  view.topicEnd = name.length;
  view.propertiesStart = name.length;
  view.propertiesEnd = name.length + list.length;
  view.payloadStart = view.propertiesEnd;
  view.payloadEnd = view.payloadStart + payload.length;
  return { bytes: Buffer.concat([name, list, payload]), view };
}
