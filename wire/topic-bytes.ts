import { broken } from './errors.js';
import { RULES, type Rule } from './rules.js';
import { sequenceBytes } from './utf8.js';

/**
 * Judges the topic name in `bytes[start..end)` in place: well-formed UTF-8, no U+0000, no wildcard. An empty
 * one passes, since MQTT 5 allows it beside a topic alias. `wildcard` is the rule a wildcard breaks.
 *
 * Nearly every byte of nearly every topic lies in 0x2c…0x7f (letters, digits, `/ - . _`), so that range is
 * tested first and by itself.
 */
export function checkTopicName(
  bytes: Uint8Array,
  start: number,
  end: number,
  version: number,
  wildcard: Rule,
): void {
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte >= 0x2c && byte < 0x80) {
      at += 1;
      continue;
    }
    if (byte < 0x80) {
      if (byte === 0x23 || byte === 0x2b) throw broken(wildcard, version); // # +
      if (byte === 0) throw broken(RULES.NUL, version, 'topic name');
      at += 1;
      continue;
    }
    const length = sequenceBytes(bytes, at, end, byte);
    if (length === 0) throw broken(RULES.UTF8, version, 'topic name');
    at += length;
  }
}
