import { encode, type ProtocolVersion } from '../../wire/mod.js';
import type { DeviceIdentity, DeviceProgram } from './device.js';

/** A device's CONNECT. */
export function connectPacket(program: DeviceProgram, identity: DeviceIdentity): Uint8Array {
  const { clientId, username, password, will } = identity;
  const { version, cleanStart, keepAliveSeconds, sessionExpirySeconds } = program;
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
      ...(version === 5 && sessionExpirySeconds > 0
        ? { properties: { sessionExpiryInterval: sessionExpirySeconds } }
        : {}),
    },
    version,
  );
}

/** All of a device's subscriptions in one SUBSCRIBE. */
export function subscribePacket(
  filters: DeviceIdentity['filters'],
  packetId: number,
  version: ProtocolVersion,
): Uint8Array {
  const subscriptions = filters.map(({ filter, qos }) => ({
    filter,
    qos,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0 as const,
  }));
  return encode({ type: 'subscribe', packetId, subscriptions }, version);
}
