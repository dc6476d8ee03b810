/** emqtt-bench's flags (0.6.2), and what each means here. Help text and translation share it. */

export type BenchVerb = 'conn' | 'pub' | 'sub';

export interface BenchFlag {
  readonly long: string;
  readonly short?: string;
  readonly verbs: readonly BenchVerb[];
  /** `flag` takes no value, `boolean` may take one, the others need one. */
  readonly kind: 'flag' | 'boolean' | 'count' | 'text';
  /** As emqtt-bench's help shows it. */
  readonly default?: string;
  /**
   * `translated`: it becomes part of the scenario. `accepted`: nothing here needs it, it is let
   * pass with a note. `refused`: it would change the load and cannot, yet or ever. `passed`: it is about
   * how the run is watched, and handed back to the caller.
   */
  readonly handling: 'translated' | 'accepted' | 'refused' | 'passed';
  /** A refused flag with one of these values asks for what happens anyway: it is let pass. */
  readonly harmless?: readonly string[];
  /** One line: what it does here, why it is let pass, or what to use instead. */
  readonly help: string;
}

const ALL: readonly BenchVerb[] = ['conn', 'pub', 'sub'];
const PUB: readonly BenchVerb[] = ['pub'];
const PUB_SUB: readonly BenchVerb[] = ['pub', 'sub'];

function translated(
  long: string,
  short: string | undefined,
  kind: BenchFlag['kind'],
  verbs: readonly BenchVerb[],
  byDefault: string | undefined,
  help: string,
): BenchFlag {
  return {
    ...named(long, short),
    kind,
    verbs,
    ...defaulted(byDefault),
    handling: 'translated',
    help,
  };
}

function accepted(long: string, short: string | undefined, kind: BenchFlag['kind'], help: string) {
  return { ...named(long, short), kind, verbs: ALL, handling: 'accepted', help } as const;
}

function refused(
  long: string,
  short: string | undefined,
  kind: BenchFlag['kind'],
  harmless: readonly string[],
  help: string,
  verbs: readonly BenchVerb[] = ALL,
): BenchFlag {
  return { ...named(long, short), kind, verbs, handling: 'refused', harmless, help };
}

function passed(long: string, kind: BenchFlag['kind'], help: string): BenchFlag {
  return { long, kind, verbs: ALL, handling: 'passed', help };
}

function named(long: string, short: string | undefined) {
  return short === undefined ? { long } : { long, short };
}

function defaulted(value: string | undefined) {
  return value === undefined ? {} : { default: value };
}

const NO_QUIC = 'there is no QUIC here: leave it out to measure over TCP';
const RANDOM_WAIT =
  'ms: the first message of a device comes at a random time between the two (without them, within -I)';

export const BENCH_FLAGS: readonly BenchFlag[] = [
  translated('help', undefined, 'flag', ALL, undefined, 'print the flags of this verb'),
  accepted('dist', 'd', 'flag', 'no effect: there is no Erlang node to attach to'),
  translated(
    'host',
    'h',
    'text',
    ALL,
    'localhost',
    'host, or hosts with commas between: devices are dealt to them in turn',
  ),
  translated('port', 'p', 'count', ALL, '1883', 'port of every host'),
  translated('version', 'V', 'text', ALL, '5', 'MQTT protocol version: 3, 4 or 5'),
  translated('count', 'c', 'count', ALL, '200', 'number of devices'),
  translated(
    'connrate',
    'R',
    'count',
    ALL,
    '0',
    'connects per second, kept exactly; 0: as -i says',
  ),
  translated('interval', 'i', 'count', ALL, '10', 'ms between two connects'),
  translated(
    'ifaddr',
    undefined,
    'text',
    ALL,
    undefined,
    'source address, or addresses with commas between: devices are dealt to them in turn',
  ),
  translated(
    'prefix',
    undefined,
    'text',
    ALL,
    undefined,
    'client ids are PREFIX_bench_VERB_NUMBER',
  ),
  translated(
    'shortids',
    undefined,
    'boolean',
    ALL,
    'false',
    'client ids are the prefix, if any, and the number',
  ),
  translated('startnumber', 'n', 'count', ALL, '0', 'numbers of devices begin behind this one'),
  translated(
    'num-retry-connect',
    undefined,
    'count',
    ALL,
    '0',
    'attempts at once after a first connect that failed',
  ),
  translated(
    'reconnect',
    undefined,
    'count',
    ALL,
    '0',
    'attempts after a lost connection, 5 s apart; publishers go on publishing',
  ),
  translated('ssl', 'S', 'boolean', ALL, 'false', 'TLS; with --ws, WebSocket over TLS'),
  translated(
    'ssl-version',
    undefined,
    'text',
    ALL,
    undefined,
    'tlsv1.1, tlsv1.2 or tlsv1.3, and no other; tlsv1.3_nocompat is tlsv1.3; implies -S',
  ),
  translated(
    'cacertfile',
    undefined,
    'text',
    ALL,
    undefined,
    'PEM file of who is trusted; without it the certificate of the target is not checked',
  ),
  translated('certfile', undefined, 'text', ALL, undefined, 'PEM file; %i is the device number'),
  translated('keyfile', undefined, 'text', ALL, undefined, 'PEM file of the key of --certfile'),
  translated('ciphers', undefined, 'text', ALL, undefined, 'cipher suites, commas between'),
  translated(
    'signature-algs',
    undefined,
    'text',
    ALL,
    undefined,
    'such as rsa_pss_rsae_sha256, commas between',
  ),
  translated('keyex-algs', undefined, 'text', ALL, undefined, 'such as x25519, commas between'),
  refused('quic', undefined, 'text', ['false'], NO_QUIC),
  refused('load-qst', undefined, 'text', [], NO_QUIC),
  translated('ws', undefined, 'boolean', ALL, 'false', 'WebSocket, path /mqtt'),
  translated(
    'username',
    'u',
    'text',
    ALL,
    undefined,
    'user name; %i is the device number, %c the client id, %rand_N a random number of its own',
  ),
  translated('password', 'P', 'text', ALL, undefined, 'password, the same for every device'),
  translated('keepalive', 'k', 'count', ALL, '300', 'keep-alive in seconds'),
  translated('clean', 'C', 'boolean', ALL, 'true', 'clean start'),
  translated('session-expiry', 'x', 'count', ALL, '0', 'session expiry in seconds (MQTT 5)'),
  accepted('lowmem', 'l', 'flag', 'no effect: devices are small without it'),
  accepted(
    'force-major-gc-interval',
    undefined,
    'count',
    'no effect: devices are small without it',
  ),
  translated(
    'qoe',
    'Q',
    'text',
    ALL,
    'false',
    'true: all that it times is always timed; dump: refused, the run record has every latency',
  ),
  refused(
    'qoelog',
    undefined,
    'text',
    [''],
    'no log of its own: the .hlog files of the run record hold every latency, intervals.csv a row a second',
  ),
  passed('prometheus', 'flag', 'goes with --restapi, which is enough by itself'),
  passed(
    'restapi',
    'text',
    "[IP:]port for GET /metrics: emqtt-bench's names, and our own; a bare port is this machine's alone",
  ),
  translated(
    'log_to',
    undefined,
    'text',
    ALL,
    'console',
    'null leaves out the rows of what goes wrong; they are counted in the record',
  ),
  translated(
    'topic',
    't',
    'text',
    PUB_SUB,
    undefined,
    'topic (pub), or filter (sub, repeatable); %i %c %u, in pub also %s %rand_N, anywhere in it',
  ),
  translated('qos', 'q', 'text', PUB_SUB, '0', 'QoS of publishing, or of the subscriptions'),
  translated(
    'payload-hdrs',
    undefined,
    'text',
    PUB_SUB,
    undefined,
    'cnt64, ts or both: written (pub); read, for gaps, repeats and latency of other programs (sub)',
  ),
  translated(
    'interval_of_msg',
    'I',
    'count',
    PUB,
    '1000',
    'ms between two messages of a device; 0: as fast as -F lets it',
  ),
  translated(
    'size',
    's',
    'count',
    PUB,
    '256',
    'payload bytes, the measurement header (16 bytes) among them',
  ),
  translated(
    'message',
    'm',
    'text',
    PUB,
    undefined,
    'payload as text, or template://file with %TIMESTAMP%, %UNIQUE%, %RANDOM% …',
  ),
  translated(
    'topics-payload',
    undefined,
    'text',
    PUB,
    undefined,
    'JSON file of topics, each with its own interval, QoS and payload; payload_encoding json only',
  ),
  translated('retain', 'r', 'boolean', PUB, 'false', 'publish with the retain flag'),
  translated('limit', 'L', 'count', PUB, '0', 'messages over all devices; 0: no limit'),
  translated(
    'inflight',
    'F',
    'count',
    PUB,
    '1',
    'QoS 1 and 2 messages of a device in flight at most; 0: no limit',
  ),
  translated(
    'wait-before-publishing',
    'w',
    'boolean',
    PUB,
    'false',
    'publish when every device is connected, which is always so here',
  ),
  translated('min-random-wait', undefined, 'count', PUB, '0', RANDOM_WAIT),
  translated('max-random-wait', undefined, 'count', PUB, '0', RANDOM_WAIT),
  refused(
    'retry-interval',
    undefined,
    'count',
    ['0'],
    'nothing is sent again on a live connection, which MQTT 5 forbids [MQTT-4.4.0-1]: what stays unanswered counts as failed',
    PUB,
  ),
  translated(
    'keep-connected',
    undefined,
    'boolean',
    PUB,
    'false',
    'with -L: stay connected until --duration is over, 30s if it does not say',
  ),
];

/** Ours, beside emqtt-bench's: it has no end of its own. */
export const DURATION_FLAG: BenchFlag = translated(
  'duration',
  undefined,
  'text',
  ALL,
  '30s',
  'how long it holds the load, such as 30s or 5m; with -L: as long as the messages take',
);

/** Every flag of a verb, in the order of the help. */
export function benchFlags(verb: BenchVerb): BenchFlag[] {
  return [...BENCH_FLAGS, DURATION_FLAG].filter((flag) => flag.verbs.includes(verb));
}
