import { z } from 'zod';
import { bind, countOrInfinity, flag, key, section } from '../fields.js';

/** Everybody is let in, so by default only from this machine; EMQX has 0.0.0.0. */
export const DEFAULT_BIND = '127.0.0.1:1883';
export const DEFAULT_LISTENER = 'default';

const tcpListener = section({
  bind: key(bind, DEFAULT_BIND, '`"host:port"`, `":port"` or `port`; port 0 takes any free one'),
  enable: key(flag, 'true', 'whether it is opened'),
  max_connections: key(countOrInfinity(1), 'infinity', 'connections at once, on this listener'),
}).transform(({ max_connections, ...rest }) => ({ ...rest, maxConnections: max_connections }));

export const listenersSection = section({
  tcp: z
    .record(z.string().regex(/^[\w-]+$/), tcpListener, {
      error: (issue) =>
        issue.code === 'invalid_key'
          ? 'a name of letters, digits, _ and -'
          : 'listeners by name, such as { default { bind = 1883 } }',
    })
    .prefault({ [DEFAULT_LISTENER]: {} }),
});
