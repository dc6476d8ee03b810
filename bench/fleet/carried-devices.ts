import { connectionsOf, type Group } from '../scenario/mod.js';

/**
 * State of one stream of a device behind a gateway: 39 bytes in the shard's table of streams, 14 of its timer,
 * and room for what else grows with them.
 */
const CARRIED_STREAM_BYTES = 64;

/** Memory of the devices that the group's gateways carry, beside that of the connections. */
export function carriedBytes(group: Group): number {
  if (group.devicesPerConnection === 1) return 0;
  return group.count * group.publish.length * CARRIED_STREAM_BYTES;
}

/** The same for one connection, on average. */
export function carriedBytesPerConnection(group: Group): number {
  return carriedBytes(group) / connectionsOf(group);
}
