import type { Group } from './schema.js';
import { subscriptionsOf } from './subscriptions.js';
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

type Subscriber = Sizes & Pick<Group, 'subscribe' | 'publish'>;

/** Filters that the group's connections send in all. */
export function subscriptionCountOf(group: Subscriber): number {
  return subscriptionsOf(group).reduce(
    (sum, { filter }) => sum + (isPerDevice(group, filter) ? group.count : connectionsOf(group)),
    0,
  );
}

/** Filters of a connection that is full. */
export function filtersOnConnection(group: Subscriber): number {
  const devices = devicesOn(group, 0);
  return subscriptionsOf(group).reduce(
    (sum, { filter }) => sum + (isPerDevice(group, filter) ? devices : 1),
    0,
  );
}
