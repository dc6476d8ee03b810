const SLASH = 0x2f;
const PLUS = 0x2b;
const HASH = 0x23;
const DOLLAR = 0x24;

/**
 * Does a plain, valid filter match a valid topic name (MQTT 5 §4.7.1, §4.7.2)? `+` stands for one level,
 * empty ones too, `#` for the parent and everything below it, and neither of them at the beginning matches
 * a topic that begins with `$` [MQTT-4.7.2-1]. Allocates nothing.
 */
export function topicMatches(filter: string, topic: string): boolean {
  let f = 0;
  let t = 0;
  if (topic.charCodeAt(0) === DOLLAR) {
    const first = filter.charCodeAt(0);
    if (first === PLUS || first === HASH) return false;
  }
  while (f < filter.length) {
    const want = filter.charCodeAt(f);
    if (want === HASH) return true;
    if (want === PLUS) {
      while (t < topic.length && topic.charCodeAt(t) !== SLASH) t += 1;
      f += 1;
    } else if (t < topic.length && topic.charCodeAt(t) === want) {
      f += 1;
      t += 1;
    } else {
      // `a/#` matches `a` itself: what is left of the filter is exactly `/#`.
      const parent = want === SLASH && f + 2 === filter.length && filter.charCodeAt(f + 1) === HASH;
      return parent && t === topic.length;
    }
  }
  return t === topic.length;
}
