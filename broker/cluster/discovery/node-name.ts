import { DiscoveryError } from './errors.js';

const NODE_NAME = /^[A-Za-z0-9_-]+@[^\s@,]+$/;

/** Whether it has the form `app@host`. */
export function isNodeName(text: string): boolean {
  return NODE_NAME.test(text);
}

/** The part before the `@`: what DNS and Kubernetes cannot tell, so that all nodes must have it in common. */
export function localPart(node: string): string {
  if (!isNodeName(node)) {
    throw new DiscoveryError('BAD_CONFIG', `node.name '${node}' is not of the form app@host`);
  }
  return node.slice(0, node.indexOf('@'));
}

/** Each name once, in one order on all nodes. */
export function sortedUnique(names: Iterable<string>): string[] {
  return [...new Set(names)].sort();
}
