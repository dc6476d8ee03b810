import { networkInterfaces } from 'node:os';
import {
  dialLine,
  EmbeddedStore,
  EtcdStore,
  type EtcdTls,
  keyOfSecret,
  type Line,
  RemoteStore,
  type Store,
  StoreError,
} from '../../store/mod.js';
import { FleetError } from '../fleet/fleet-error.js';
import type { RunSheet } from './messages.js';

/** How a store is named on the command line, and what opens it. */
export interface StoreAccess {
  /** `embedded`, `embedded://host:port`, `etcd://[user@]host:port[,host:port]…[/prefix]`, `etcds://…` (TLS). */
  text: string;
  /** Of embedded: what both sides know. Of etcd: the user's password. */
  secret: string | undefined;
  tls: EtcdTls | undefined;
}

/** The store as an agent uses it. */
export interface FleetStore {
  /** @throws StoreError */
  open(): Promise<Store>;
  /** A line to the coordinator of a run. @throws StoreError */
  dialHub(sheet: RunSheet): Promise<Line>;
}

export interface HostPort {
  host: string;
  port: number;
}

/** A secret can be guessed at as fast as a coordinator answers, and off line by who records a refused handshake. */
const SHORTEST_SECRET = 16;
/** Well below what a line takes for silence. */
const ALIVE_MS = 5_000;
const PREFIX = 'fleetgauge-load/';
const EMBEDDED = /^embedded:\/\/(\[[0-9a-fA-F:]+\]|[^/:@]+):(\d+)$/;
const ETCD = /^(etcds?):\/\/(?:([^@:/]+)@)?([^@/]+)(?:\/(.*))?$/;

/** @throws FleetError BAD_STORE */
export function agentStore(access: StoreAccess): FleetStore {
  const [, host, port] = EMBEDDED.exec(access.text) ?? [];
  if (host === undefined) {
    if (access.text.startsWith('embedded')) {
      throw badStore(access.text, 'say where the coordinator listens: embedded://host:port');
    }
    const open = etcdOpener(access);
    return { open, dialHub: dialInTurn };
  }
  const at = { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  const key = secretKey(access.secret);
  return {
    open: async () => {
      const line = await dialLine(at, key);
      const store = new RemoteStore(line);
      // An answer shows each side that the other is there.
      const alive = setInterval(() => store.read('alive').catch(() => undefined), ALIVE_MS);
      line.onMessage = (message) => store.take(message);
      line.onClose = (why) => {
        clearInterval(alive);
        store.lineClosed(why);
      };
      return store;
    },
    dialHub: () => dialLine(at, key),
  };
}

/** How the coordinator has the store; `serve`: it gives its own to the agents. */
export interface CoordinatorStore {
  open(): Promise<Store>;
  serve: boolean;
  /** The key of its lines; undefined: one of its own, which agents find in the store. */
  key: Buffer | undefined;
}

/** @throws FleetError BAD_STORE */
export function coordinatorStore(access: StoreAccess): CoordinatorStore {
  if (access.text === 'embedded') {
    const key = secretKey(access.secret);
    return { open: async () => new EmbeddedStore(), serve: true, key };
  }
  if (access.text.startsWith('embedded')) {
    throw badStore(
      access.text,
      'the coordinator serves it: write --store embedded --listen host:port',
    );
  }
  return { open: etcdOpener(access), serve: false, key: undefined };
}

/** Where agents may find a coordinator that listens there. */
export function addressesOf(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outside = all.filter(({ internal, scopeid }) => !internal && !scopeid);
  return outside.length > 0 ? outside.map(({ address }) => address) : ['127.0.0.1'];
}

async function dialInTurn({ hub, id }: RunSheet): Promise<Line> {
  let why: StoreError | undefined;
  for (const host of hub?.addresses ?? []) {
    try {
      return await dialLine({ host, port: hub!.port }, Buffer.from(hub!.key, 'hex'));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      why = error;
    }
  }
  throw why ?? new StoreError('UNAVAILABLE', `run ${id} does not say where its coordinator is`);
}

function etcdOpener({ text, secret, tls }: StoreAccess): () => Promise<Store> {
  const [, scheme, username, hosts, prefix] = ETCD.exec(text) ?? [];
  if (hosts === undefined || !hosts.split(',').every((host) => /^[^,]+:\d+$/.test(host))) {
    const known = 'etcd://host:port[,host:port]…, etcds://… for TLS, or embedded';
    throw badStore(text, `expected ${known}; passwords go into --secret-file`);
  }
  if (username !== undefined && secret === undefined) {
    throw badStore(
      text,
      `the password of ${username} is missing: --secret-file or FLEETGAUGE_SECRET`,
    );
  }
  const isSafe = scheme === 'etcds';
  if (tls !== undefined && !isSafe) {
    throw badStore(text, 'certificates are given, but this is without TLS: write etcds://');
  }
  const endpoints = hosts.split(',').map((host) => `${isSafe ? 'https' : 'http'}://${host}`);
  const namespace = prefix ? `${prefix.replace(/\/$/, '')}/` : PREFIX;
  return () =>
    EtcdStore.open({
      endpoints,
      namespace,
      ...(username === undefined ? {} : { username, password: secret ?? '' }),
      ...(isSafe ? { tls: tls ?? {} } : {}),
    });
}

function secretKey(secret: string | undefined): Buffer {
  if (secret === undefined) {
    throw badStore(
      'embedded',
      'coordinator and agents need a secret that they share: --secret-file FILE or FLEETGAUGE_SECRET',
    );
  }
  if (secret.length < SHORTEST_SECRET) {
    throw badStore(
      'embedded',
      `the secret has ${secret.length} characters, and at least ${SHORTEST_SECRET} keep guessers out ` +
        '(openssl rand -hex 16)',
    );
  }
  return keyOfSecret(secret);
}

function badStore(text: string, what: string): FleetError {
  return new FleetError('BAD_STORE', `--store ${text}: ${what}`);
}
