/** What the tests of the codec, and of those who use it, share. Not part of the package. */
import { BAD_CONNECT } from './bad-connect.js';
import { BAD_HEADER } from './bad-header.js';
import { BAD_PUBLISH } from './bad-publish.js';
import { BAD_SUBSCRIBE } from './bad-subscribe.js';
import { GOOD_CONNECT } from './good-connect.js';
import { GOOD_PUBLISH } from './good-publish.js';
import { GOOD_SUBSCRIBE } from './good-subscribe.js';
import type { BadEntry, GoodEntry } from './table.js';

export { hex } from './hex.js';
export type { BadEntry, GoodEntry } from './table.js';

/** Packets with their bytes. */
export const GOOD_PACKETS: readonly GoodEntry[] = [
  ...GOOD_CONNECT,
  ...GOOD_PUBLISH,
  ...GOOD_SUBSCRIBE,
];

/** Bytes that must be refused. */
export const BAD_PACKETS: readonly BadEntry[] = [
  ...BAD_HEADER,
  ...BAD_CONNECT,
  ...BAD_PUBLISH,
  ...BAD_SUBSCRIBE,
];
