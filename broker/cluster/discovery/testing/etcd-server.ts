import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Etcd3 } from 'etcd3';
import type { KeyPair } from './certificates.js';
import { freePort } from './free-port.js';
import { PeerProcess } from './peer-process.js';

interface Tls {
  server: KeyPair;
  /** Signs the certificates of clients. */
  ca: string;
}

/** An etcd of one member, on ports of its own. */
export class EtcdServer {
  readonly url: string;
  readonly #peerUrl: string;
  readonly #dataFolder: string;
  readonly #tls: Tls | undefined;
  #process: PeerProcess | undefined;

  private constructor(dataFolder: string, ports: [number, number], tls: Tls | undefined) {
    this.#dataFolder = dataFolder;
    this.#tls = tls;
    this.url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${ports[0]}`;
    this.#peerUrl = `http://127.0.0.1:${ports[1]}`;
  }

  static async create(folder: string, name: string, tls?: Tls): Promise<EtcdServer> {
    return new EtcdServer(join(folder, name), [await freePort(), await freePort()], tls);
  }

  async start(): Promise<void> {
    const tls = this.#tls;
    const tlsArgs =
      tls === undefined
        ? []
        : [
            ...['--cert-file', tls.server.certfile, '--key-file', tls.server.keyfile],
            ...['--client-cert-auth', '--trusted-ca-file', tls.ca],
          ];
    this.#process = new PeerProcess('etcd-server', 'etcd', [
      ...['--name', 'test', '--data-dir', this.#dataFolder, '--logger', 'zap'],
      ...['--log-level', 'error', '--log-outputs', 'stderr'],
      ...['--listen-client-urls', this.url, '--advertise-client-urls', this.url],
      ...['--listen-peer-urls', this.#peerUrl, '--initial-advertise-peer-urls', this.#peerUrl],
      ...['--initial-cluster', `test=${this.#peerUrl}`, ...tlsArgs],
    ]);
    await this.#process.ready(() => this.#reachable());
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** As if its disk had been lost; while it does not run. */
  async forget(): Promise<void> {
    await rm(this.#dataFolder, { recursive: true });
  }

  /** The value of a key; empty if there is none. */
  async get(key: string): Promise<string> {
    return this.#asked(async (client) => (await client.get(key).string()) ?? '');
  }

  /** From now on it asks for a password. */
  async protect(username: string, password: string): Promise<void> {
    await this.#asked(async (client) => {
      const user = client.user(username);
      await user.create(password);
      await client.role('root').create();
      await user.addRole('root');
      await client.auth.authEnable();
    });
  }

  /** With TLS only that it accepts connections: certificates are what is tested. */
  async #reachable(): Promise<void> {
    if (this.#tls === undefined) await this.get('nothing');
    else {
      await new Promise<void>((resolve, reject) => {
        const socket = connect(Number(new URL(this.url).port), '127.0.0.1');
        socket.once('error', reject).once('connect', () => {
          socket.destroy();
          resolve();
        });
      });
    }
  }

  async #asked<T>(question: (client: Etcd3) => Promise<T>): Promise<T> {
    const client = new Etcd3({
      hosts: this.url,
      defaultCallOptions: () => ({ deadline: Date.now() + 2000 }),
    });
    try {
      return await question(client);
    } finally {
      client.close();
    }
  }
}
