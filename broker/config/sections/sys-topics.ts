import { durationOrNever, key, section } from '../fields.js';

export const sysTopicsSection = section({
  sys_msg_interval: key(
    durationOrNever,
    '1m',
    'between publications of the `$SYS` topics; `disabled` for none',
  ),
}).transform(({ sys_msg_interval }) => ({
  /** Infinity: never. */
  intervalMs: sys_msg_interval,
}));
