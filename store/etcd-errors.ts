import { StoreError, type StoreErrorCode } from './store-error.js';

/** What etcd and the gRPC below it say, and what it means here. The first that fits counts. */
const MEANINGS: readonly [RegExp, StoreErrorCode, string][] = [
  [/requested lease not found/, 'LEASE_GONE', 'the lease is gone'],
  [
    /database space exceeded/,
    'FULL',
    'etcd has no space left: compact and defragment it, raise --quota-backend-bytes, then disarm the alarm',
  ],
  [
    /request is too large|message larger than max/,
    'FULL',
    'a value is larger than etcd takes: raise its --max-request-bytes',
  ],
  [
    /authentication is not enabled/,
    'BAD_CONFIG',
    'a user name is given, but etcd has authentication switched off: leave it out',
  ],
  [/user name is empty/, 'DENIED', 'etcd wants a user name and a password: configure them'],
  [
    /permission denied|authentication failed|invalid auth token|user name not found|UNAUTHENTICATED/,
    'DENIED',
    'etcd refuses these credentials: check user name, password and the role of the user',
  ],
  [
    /No connection established.*(certificate|self.signed|altname|wrong version number|SSL|TLS|alert)/i,
    'BAD_CONFIG',
    'TLS to etcd cannot be set up: check certificate authority, certificate, key and the host name',
  ],
];

/** Errors about the token or the rights it stands for: a new log-in may help. */
const LOGIN = /invalid auth token|revision of auth store is old/;

export function storeErrorOf(error: unknown, endpoint: string): StoreError {
  if (error instanceof StoreError) return error;
  const text = textOf(error);
  for (const [pattern, code, what] of MEANINGS) {
    if (pattern.test(text)) {
      return new StoreError(code, `${what} (${endpoint}: ${text})`, { cause: error });
    }
  }
  return new StoreError('UNAVAILABLE', `etcd at ${endpoint} does not answer: ${plain(text)}`, {
    cause: error,
  });
}

/** Without the words that gRPC puts around what went wrong. */
function plain(text: string): string {
  return text
    .replace(/^\d+ UNAVAILABLE: /, '')
    .replace(/^No connection established\. Last error: (Error: )?/, '')
    .replace(/\.? Resolution note: *$/, '');
}

/** Whether the request certainly never reached etcd, so that asking another member cannot do it twice. */
export function wasNeverSent(error: unknown): boolean {
  return /No connection established|closed before call started|too many requests/.test(
    textOf(error),
  );
}

export function needsLogin(error: unknown): boolean {
  return LOGIN.test(textOf(error));
}

export function isCompacted(error: unknown): boolean {
  return /required revision has been compacted/.test(textOf(error));
}

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
}
