import type { DeviceProgram } from '../device/mod.js';
import type { Group } from '../scenario/schema.js';
import { subscriptionsOf } from '../scenario/subscriptions.js';

/** What the properties and subscription options of MQTT 5 make of a group's devices. */
export function mqtt5Program(
  group: Group,
): Pick<DeviceProgram, 'maximumPacketSize' | 'topicAliases' | 'subscribePackets' | 'retainFlag'> {
  const maximumPacketSize = group.properties?.maximumPacketSize;
  const asPublished = group.subscribe.filter(({ retainAsPublished }) => retainAsPublished);
  const retainFlag =
    asPublished.length === 0
      ? 'kept'
      : group.subscribe.every(({ retainHandling }) => retainHandling === 2)
        ? 'published'
        : 'either';
  return {
    ...(maximumPacketSize === undefined ? {} : { maximumPacketSize }),
    topicAliases: streamAliases(group).filter((alias) => alias > 0).length,
    subscribePackets: Math.max(1, ...packetOfSubscriptions(group)),
    retainFlag,
  };
}

/** By stream: its topic alias, 0 for none. */
export function streamAliases(group: Group): number[] {
  let aliases = 0;
  return group.publish.map(({ properties }) => (properties?.topicAlias ? ++aliases : 0));
}

/**
 * By subscription: in which SUBSCRIBE it goes, from 1. A packet has one Subscription Identifier and one list of
 * user properties for all of its filters (MQTT 5, 3.8.2.1).
 */
export function packetOfSubscriptions(group: Group): number[] {
  const packets: string[] = [];
  return subscriptionsOf(group).map(({ subscriptionIdentifier, userProperties }) => {
    const key = JSON.stringify([subscriptionIdentifier, userProperties]);
    if (!packets.includes(key)) packets.push(key);
    return packets.indexOf(key) + 1;
  });
}
