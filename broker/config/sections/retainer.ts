import { bytes, count, flag, key, section } from '../fields.js';

export const retainerSection = section({
  enable: key(flag, 'true', 'whether retained messages are kept'),
  max_payload_size: key(bytes(1, 268_435_455), '1MB', 'a larger one is delivered, not kept'),
  max_retained_messages: key(
    count(0, Number.MAX_SAFE_INTEGER),
    '0',
    'topics with a retained message; 0: any number',
  ),
}).transform(({ enable, max_payload_size, max_retained_messages }) => ({
  enable,
  maxPayloadBytes: max_payload_size,
  /** 0: any number. */
  maxMessages: max_retained_messages,
}));
