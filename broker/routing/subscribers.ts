import { type Subscriber, Subscription } from './subscription.js';

/**
 * Everybody who subscribed to one filter. Most filters have one subscriber: no object for those but the subscription,
 * and where one of these stands for all filters of a node, a million filters cost none at all.
 */
export type Subscribers = Subscription | Map<Subscriber, Subscription>;

export function countOf(subscribers: Subscribers): number {
  return subscribers instanceof Subscription ? 1 : subscribers.size;
}

export function appendTo(list: Subscription[], subscribers: Subscribers): void {
  if (subscribers instanceof Subscription) list.push(subscribers);
  else for (const subscription of subscribers.values()) list.push(subscription);
}

export function has(there: Subscribers | undefined, subscriber: Subscriber): boolean {
  if (there === undefined) return false;
  return there instanceof Subscription ? there.subscriber === subscriber : there.has(subscriber);
}

/** Those who were there, who may be changed by it, and one more or another subscription of one of them. */
export function withOne(there: Subscribers | undefined, added: Subscription): Subscribers {
  if (there === undefined) return added;
  if (!(there instanceof Subscription)) return there.set(added.subscriber, added);
  if (there.subscriber === added.subscriber) return added;
  return new Map([
    [there.subscriber, there],
    [added.subscriber, added],
  ]);
}

/** Those who were there, who may be changed by it, without one of them; undefined if nobody is left. */
export function without(
  there: Subscribers | undefined,
  subscriber: Subscriber,
): Subscribers | undefined {
  if (there === undefined || !has(there, subscriber)) return there;
  if (there instanceof Subscription) return undefined;
  there.delete(subscriber);
  return there.size === 0 ? undefined : there;
}
