/** What a message is sent with: its topic alone, topic and alias, or the alias alone. */
export const ALIAS_NONE = 0;
export const ALIAS_NEW = 1;
export const ALIAS_KNOWN = 2;

/** Which topic aliases the target knows on the connection that lasts (MQTT 5, 3.3.2.3.4). */
export class TopicAliases {
  readonly #known: Uint8Array;
  #maximum = 0;

  /** @param highest alias that the device's streams use */
  constructor(highest: number) {
    this.#known = new Uint8Array(highest + 1);
  }

  /** A new connection, for which the target takes aliases up to `maximum`. Returns how many of ours it does not take. */
  begin(maximum: number): number {
    this.#known.fill(0);
    this.#maximum = maximum;
    return Math.max(0, this.#known.length - 1 - maximum);
  }

  /** How a message with this alias goes out, which is then known. */
  use(alias: number): 0 | 1 | 2 {
    if (alias > this.#maximum) return ALIAS_NONE;
    if (this.#known[alias] === 1) return ALIAS_KNOWN;
    this.#known[alias] = 1;
    return ALIAS_NEW;
  }
}

/** A topic alias as it stands at the front of a stream's property list. */
export const ALIAS_PROPERTY_BYTES = 3;

/** Why topics are sent in full that should not be. */
export function aliasesRefused(maximum: number): string {
  const takes = maximum === 0 ? 'no topic aliases' : `topic aliases up to ${maximum} only`;
  return `the target takes ${takes}: topics go out in full`;
}
