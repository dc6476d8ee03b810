import type { Options } from 'yargs';
import { UsageError } from './usage-error.js';

/** What every verb with a run in it takes. */
export const RUN_OPTIONS = {
  out: { type: 'string', requiresArg: true, describe: 'folder of the run record [runs/<id>]' },
  'dry-run': { type: 'boolean', default: false, describe: 'show the scenario, run nothing' },
  objective: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [],
    describe: "a bound such as 'delivery.response.p99 < 50ms'; may be repeated",
  },
  probe: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [],
    describe:
      'what to watch of the target: name=pid, name=prometheus:URL, …, or none [who listens on its port]',
  },
  threads: {
    type: 'number',
    requiresArg: true,
    describe: 'threads that drive devices [cores − 1]',
  },
  prometheus: {
    type: 'boolean',
    default: false,
    describe: 'goes with --restapi, which is enough by itself',
  },
  restapi: {
    type: 'string',
    requiresArg: true,
    describe: '[IP:]port for GET /metrics while the run lasts; 127.0.0.1 if it does not say',
  },
  quiet: { type: 'boolean', default: false, describe: 'no progress' },
  json: { type: 'boolean', default: false, describe: 'the result as JSON' },
} as const satisfies Record<string, Options>;

/** Where agents and coordinator meet. */
export const STORE_OPTIONS = {
  store: {
    type: 'string',
    requiresArg: true,
    describe: 'etcd://[user@]host:port[,…], etcds://… with TLS, embedded://host:port',
  },
  'secret-file': {
    type: 'string',
    requiresArg: true,
    describe:
      'secret that agents and coordinator share, or the password of etcd’s user [FLEETGAUGE_SECRET]',
  },
  'store-ca': { type: 'string', requiresArg: true, describe: 'etcd’s certificate authority, PEM' },
  'store-cert': { type: 'string', requiresArg: true, describe: 'our certificate for etcd, PEM' },
  'store-key': { type: 'string', requiresArg: true, describe: 'and its key' },
} as const satisfies Record<string, Options>;

/** What `agent` takes. */
export const AGENT_OPTIONS = {
  ...STORE_OPTIONS,
  name: { type: 'string', requiresArg: true, describe: 'how it is called in records [host name]' },
  threads: RUN_OPTIONS.threads,
  once: { type: 'boolean', default: false, describe: 'end after the first run' },
} as const satisfies Record<string, Options>;

/** What `run` takes for devices on other machines. */
export const FLEET_OPTIONS = {
  agents: {
    type: 'number',
    requiresArg: true,
    describe: 'run on that many agents instead of this machine',
  },
  ...STORE_OPTIONS,
  listen: {
    type: 'string',
    requiresArg: true,
    describe:
      'host:port at which agents reach this process [0.0.0.0:7350; with etcd any free port]',
  },
  'agents-wait': {
    type: 'string',
    requiresArg: true,
    default: '60s',
    describe: 'how long to wait for the agents',
  },
  patience: {
    type: 'string',
    requiresArg: true,
    default: '60s',
    describe: 'how long agents go on without this process',
  },
  resume: {
    type: 'string',
    requiresArg: true,
    describe: 'go on with a run whose coordinator died: its id or folder',
  },
} as const satisfies Record<string, Options>;

/** What `run` takes besides. */
export const SCENARIO_OPTIONS = {
  target: {
    type: 'string',
    requiresArg: true,
    describe: 'mqtt://host:port (mqtts, ws, wss), several with commas; instead of the scenario’s',
  },
  ifaddr: {
    type: 'string',
    requiresArg: true,
    describe: 'source addresses with commas between; instead of the scenario’s',
  },
  profile: {
    type: 'string',
    requiresArg: true,
    describe: 'what target it is, such as rabbitmq or aws-iot-core: its rules are checked',
  },
  scale: {
    type: 'number',
    requiresArg: true,
    default: 1,
    describe: 'that many times as many devices and messages',
  },
  set: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [],
    describe: 'path=value, changes the scenario: groups.0.count=10k; may be repeated',
  },
} as const satisfies Record<string, Options>;

/** What `capacity` takes. */
export const CAPACITY_OPTIONS = {
  ...SCENARIO_OPTIONS,
  objective: RUN_OPTIONS.objective,
  from: {
    type: 'string',
    requiresArg: true,
    describe: 'the first load: a factor, or a rate such as 5k/s [1]',
  },
  to: { type: 'string', requiresArg: true, describe: 'the highest load to try [no limit]' },
  tolerance: {
    type: 'string',
    requiresArg: true,
    default: '5%',
    describe: 'how far apart a load that holds and one that does not may be',
  },
  repeats: {
    type: 'number',
    requiresArg: true,
    default: 3,
    describe: 'how often each of those two is measured',
  },
  settle: { type: 'string', requiresArg: true, default: '5s', describe: 'load before measuring' },
  measure: { type: 'string', requiresArg: true, default: '10s', describe: 'measuring' },
  drain: { type: 'string', requiresArg: true, default: '3s', describe: 'waiting for the rest' },
  out: {
    type: 'string',
    requiresArg: true,
    describe: 'folder of the record and its steps [runs/<id>]',
  },
  probe: RUN_OPTIONS.probe,
  threads: RUN_OPTIONS.threads,
  quiet: RUN_OPTIONS.quiet,
  json: RUN_OPTIONS.json,
} as const satisfies Record<string, Options>;

/** What `doctor` takes: what decides what a run needs. */
export const DOCTOR_OPTIONS = {
  ...SCENARIO_OPTIONS,
  threads: RUN_OPTIONS.threads,
  json: RUN_OPTIONS.json,
} as const satisfies Record<string, Options>;

/** What `estimate` takes. */
export const ESTIMATE_OPTIONS = {
  run: {
    type: 'string',
    array: true,
    nargs: 1,
    demandOption: true,
    describe: 'run record to fit costs to; may be repeated',
  },
  check: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [],
    describe: 'run record to check the costs against; may be repeated',
  },
  demand: { type: 'string', requiresArg: true, demandOption: true, describe: 'the demand, YAML' },
  json: RUN_OPTIONS.json,
} as const satisfies Record<string, Options>;

/** What `broker start` takes. */
export const BROKER_OPTIONS = {
  config: {
    alias: 'c',
    type: 'string',
    requiresArg: true,
    describe: 'config file, as emqx.conf',
  },
  set: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [],
    describe: 'key=value, on top of the file: mqtt.max_inflight=32; may be repeated',
  },
  host: {
    type: 'string',
    requiresArg: true,
    describe: 'address to listen on [127.0.0.1]',
  },
  port: {
    type: 'number',
    requiresArg: true,
    describe: '0: any free one [1883]',
  },
  'node-name': {
    type: 'string',
    requiresArg: true,
    describe: 'name@host [fleetgauge@127.0.0.1]',
  },
  check: {
    type: 'boolean',
    default: false,
    describe: 'say what is configured and by what, start nothing',
  },
  'stop-with-stdin': {
    type: 'boolean',
    default: false,
    describe: 'stop when standard input ends, as it does when the program that started it dies',
  },
} as const satisfies Record<string, Options>;

/** What `broker up` takes. */
export const BROKER_UP_OPTIONS = {
  cores: {
    type: 'number',
    default: 1,
    describe: 'nodes that keep the cluster’s database',
  },
  replicants: {
    type: 'number',
    default: 2,
    describe: 'nodes that follow them',
  },
  port: {
    type: 'number',
    requiresArg: true,
    describe: 'each node’s port for clients, on an address of its own [any free one]',
  },
} as const satisfies Record<string, Options>;

/** What `certs` takes. */
export const CERTS_OPTIONS = {
  server: {
    type: 'string',
    requiresArg: true,
    default: 'localhost,127.0.0.1,::1',
    describe: 'names and addresses of the target, with commas between',
  },
} as const satisfies Record<string, Options>;

/** What `quickstart` takes. */
export const QUICKSTART_OPTIONS = {
  out: { type: 'string', requiresArg: true, describe: 'folder of the run records [runs/<id>]' },
  scale: SCENARIO_OPTIONS.scale,
  quiet: RUN_OPTIONS.quiet,
} as const satisfies Record<string, Options>;

/** What `selftest` takes besides its parts. */
export const SELFTEST_OPTIONS = {
  out: { type: 'string', requiresArg: true, describe: 'folder to keep the run records in [none]' },
  json: RUN_OPTIONS.json,
  quiet: RUN_OPTIONS.quiet,
} as const satisfies Record<string, Options>;

/** They are taken in one transaction of the store, which has at most 128 operations. */
const MOST_AGENTS = 100;

/** Flags that may be given more than once, of whatever verb. */
const REPEATABLE: ReadonlySet<string> = new Set([
  // What `selftest` is to play has no flag.
  'parts',
  ...[RUN_OPTIONS, SCENARIO_OPTIONS, ESTIMATE_OPTIONS, BROKER_OPTIONS].flatMap((options) =>
    Object.entries(options)
      .filter(([, option]) => 'array' in option)
      .map(([name]) => name),
  ),
]);

/** What yargs lets pass: a flag given twice, what is no number, and numbers that make no sense. */
export function checkFlags(flags: Readonly<Record<string, unknown>>): true {
  for (const [name, value] of Object.entries(flags)) {
    // A short form has its long one beside it.
    if (name === '_' || name === '$0' || name.length === 1) continue;
    if (Array.isArray(value) && !REPEATABLE.has(name))
      throw new UsageError(`--${name}: given twice`);
    if (Number.isNaN(value)) throw new UsageError(`--${name}: expected a number`);
  }
  const { scale, threads, agents } = flags;
  if (typeof scale === 'number' && !(scale > 0 && scale < Number.POSITIVE_INFINITY)) {
    throw new UsageError(`--scale ${scale}: expected a factor above 0`);
  }
  if (typeof threads === 'number' && !(Number.isInteger(threads) && threads > 0)) {
    throw new UsageError(`--threads ${threads}: expected a whole number above 0`);
  }
  if (
    typeof agents === 'number' &&
    !(Number.isInteger(agents) && agents > 0 && agents <= MOST_AGENTS)
  ) {
    throw new UsageError(`--agents ${agents}: expected a whole number from 1 to ${MOST_AGENTS}`);
  }
  return true;
}

/**
 * The arguments with those added that only the environment gives: `--dry-run` has the twin
 * `FLEETGAUGE_DRY_RUN`. What stands on the command line wins.
 */
export function withEnvironment(
  args: readonly string[],
  options: Readonly<Record<string, Options>>,
  env: NodeJS.ProcessEnv = process.env,
): string[] {
  const added = Object.entries(options).flatMap(([name, { alias }]) => {
    const value = env[`FLEETGAUGE_${name.toUpperCase().replaceAll('-', '_')}`];
    const given = args.some(
      (arg) =>
        arg === `--${name}` ||
        arg.startsWith(`--${name}=`) ||
        (typeof alias === 'string' && /^-[^-]/.test(arg) && arg.startsWith(`-${alias}`)),
    );
    return value === undefined || value === '' || given ? [] : [`--${name}=${value}`];
  });
  return [...args, ...added];
}
