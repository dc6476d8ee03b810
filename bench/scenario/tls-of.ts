import type { Tls } from './tls.js';

/** A group's TLS: what the scenario says for all, and what the group says instead. */
export function tlsOf(
  scenario: { readonly tls?: Tls | undefined },
  group: { readonly tls?: Tls | undefined },
): Tls {
  return { ...scenario.tls, ...group.tls };
}
