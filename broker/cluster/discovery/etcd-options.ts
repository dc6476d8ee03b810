import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import type { IOptions } from 'etcd3';
import { DiscoveryError, reasonOf } from './errors.js';

export interface EtcdOptions {
  /** URLs of the members, with commas between them; all http:// or all https://. */
  server: string;
  /** Clusters with different prefixes do not see each other. */
  prefix: string;
  ssl: {
    enable: boolean;
    /** PEM files; without a CA those that Node.js knows are trusted. */
    cacertfile?: string;
    certfile?: string;
    keyfile?: string;
  };
  auth?: { username: string; password: string };
  /** For one operation. */
  timeoutMs: number;
}

export const ETCD_DEFAULTS: Omit<EtcdOptions, 'server'> = {
  prefix: 'emqxcl',
  ssl: { enable: false },
  timeoutMs: 5000,
};

/** The URLs of `server`. Throws DiscoveryError on what cannot work. */
export function etcdUrls({ server, ssl }: EtcdOptions): string[] {
  const urls = server
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '');
  const bad = (message: string) => new DiscoveryError('BAD_CONFIG', `cluster.etcd: ${message}`);
  if (urls.length === 0) throw bad('server is empty: name URLs such as http://10.0.0.1:2379');
  for (const url of urls) {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw bad(`server '${url}' is not a URL: write http://host:port or https://host:port`);
    }
  }
  const secure = urls.filter((url) => url.startsWith('https:')).length;
  if (secure > 0 && secure < urls.length) {
    throw bad('server mixes http:// and https://: all members must use the same');
  }
  if (ssl.enable && secure === 0) {
    throw bad('ssl_options.enable is true while server says http://: write https://');
  }
  if ((ssl.certfile === undefined) !== (ssl.keyfile === undefined)) {
    throw bad('ssl_options has only one of certfile and keyfile: give both or none');
  }
  return urls;
}

/** Certificates for a server with https://; undefined where none are needed. Reads the files. */
export async function etcdCredentials({
  server,
  ssl,
}: EtcdOptions): Promise<NonNullable<IOptions['credentials']> | undefined> {
  const { cacertfile, certfile, keyfile } = ssl;
  if (!server.includes('https://')) return undefined;
  const ca =
    cacertfile === undefined ? Buffer.from(rootCertificates.join('\n')) : await pem(cacertfile);
  if (certfile === undefined || keyfile === undefined) return { rootCertificate: ca };
  return { rootCertificate: ca, certChain: await pem(certfile), privateKey: await pem(keyfile) };
}

async function pem(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new DiscoveryError(
      'BAD_CONFIG',
      `cannot read a file of cluster.etcd.ssl_options: ${reasonOf(error)}`,
      { cause: error },
    );
  }
}
