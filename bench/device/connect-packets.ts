import { encode, type ProtocolVersion } from '../../wire/mod.js';
import type { DeviceFilter, DeviceIdentity, DeviceProgram } from './device.js';

/** A device's CONNECT. */
export function connectPacket(program: DeviceProgram, identity: DeviceIdentity): Uint8Array {
  const { clientId, username, password, will } = identity;
  const { version, cleanStart, keepAliveSeconds } = program;
  const properties = connectProperties(program, identity);
  return encode(
    {
      type: 'connect',
      protocolVersion: version,
      cleanStart,
      keepAliveSeconds,
      clientId,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: Buffer.from(password) }),
      ...(will === undefined ? {} : { will }),
      ...(properties === undefined ? {} : { properties }),
    },
    version,
  );
}

/** undefined: the packet has none. */
export function connectProperties(
  { version, sessionExpirySeconds }: DeviceProgram,
  { properties }: DeviceIdentity,
): DeviceIdentity['properties'] {
  if (version !== 5 || (sessionExpirySeconds === 0 && properties === undefined)) return undefined;
  return {
    ...(sessionExpirySeconds > 0 ? { sessionExpiryInterval: sessionExpirySeconds } : {}),
    ...properties,
  };
}

/** The filters that go in the device's SUBSCRIBE number `packet`, from 1. */
export function filtersOfPacket(filters: readonly DeviceFilter[], packet: number): DeviceFilter[] {
  return filters.filter((filter) => (filter.packet ?? 1) === packet);
}

/** Some of a device's subscriptions in one SUBSCRIBE, with the options and properties of the first. */
export function subscribePacket(
  filters: readonly DeviceFilter[],
  packetId: number,
  version: ProtocolVersion,
): Uint8Array {
  const subscriptions = filters.map(
    ({ filter, qos, noLocal, retainAsPublished, retainHandling }) => ({
      filter,
      qos,
      noLocal: noLocal ?? false,
      retainAsPublished: retainAsPublished ?? false,
      retainHandling: retainHandling ?? 0,
    }),
  );
  const { subscriptionIdentifier, userProperties } = filters[0]!;
  const properties = {
    ...(subscriptionIdentifier !== undefined && {
      subscriptionIdentifiers: [subscriptionIdentifier],
    }),
    ...(userProperties !== undefined && { userProperties }),
  };
  const some = version === 5 && Object.keys(properties).length > 0;
  return encode(
    { type: 'subscribe', packetId, subscriptions, ...(some && { properties }) },
    version,
  );
}
