import type { Group } from './schema.js';
import { compileTemplate } from './template.js';

/**
 * How the devices of a group lie on its connections: device i is on connection i / devicesPerConnection, so
 * that each has as many neighbours, but for the last connection, which has what is left.
 */
type Sizes = Pick<Group, 'count' | 'devicesPerConnection'>;

/** Connections that the group's devices make. */
export function connectionsOf({ count, devicesPerConnection }: Sizes): number {
  return Math.ceil(count / devicesPerConnection);
}

/** The connection that carries device `index`, both from 0. */
export function connectionOf({ devicesPerConnection }: Sizes, index: number): number {
  return Math.floor(index / devicesPerConnection);
}

/** The first device on a connection. */
export function firstDeviceOn({ devicesPerConnection }: Sizes, connection: number): number {
  return connection * devicesPerConnection;
}

export function devicesOn({ count, devicesPerConnection }: Sizes, connection: number): number {
  return Math.min(devicesPerConnection, count - connection * devicesPerConnection);
}

/** Each device has a filter of its own; else the connection subscribes once for all of them. */
export function isPerDevice({ devicesPerConnection }: Sizes, filter: string): boolean {
  return devicesPerConnection > 1 && compileTemplate(filter).uses('i');
}

/** Filters that the group's connections send in all. */
export function subscriptionsOf(group: Sizes & Pick<Group, 'subscribe'>): number {
  return group.subscribe.reduce(
    (sum, { filter }) => sum + (isPerDevice(group, filter) ? group.count : connectionsOf(group)),
    0,
  );
}

/** Filters in the SUBSCRIBE of a connection that is full. */
export function filtersOnConnection(group: Sizes & Pick<Group, 'subscribe'>): number {
  const devices = devicesOn(group, 0);
  return group.subscribe.reduce(
    (sum, { filter }) => sum + (isPerDevice(group, filter) ? devices : 1),
    0,
  );
}
