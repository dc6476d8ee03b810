/** Topics to subscribers on one node: the tree, shared groups, retained messages, and the node's counters. */
export * from './counters.js';
export { copy, Message } from './message.js';
export { Receipt, type ReceiptOwner } from './receipt.js';
export { RetainedStore } from './retained.js';
export type { Route } from './route-table.js';
export {
  groupKey,
  HELD,
  type LocalRoutes,
  type Pressure,
  type RoutedPublisher,
  Router,
  type RouterOptions,
  TOO_DEEP,
} from './router.js';
export { SharedGroup } from './shared-group.js';
export { SHARED_STRATEGIES, type SharedStrategy } from './shared-strategy.js';
export {
  merge,
  type Publisher,
  type Subscriber,
  Subscription,
  type SubscriptionOptions,
} from './subscription.js';
