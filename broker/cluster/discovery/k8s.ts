import { readFile } from 'node:fs/promises';
import type { Discovery } from './discovery.js';
import { codeOf, DiscoveryError, reasonOf } from './errors.js';
import { type K8sNaming, nodesOfEndpoints } from './k8s-endpoints.js';
import { get, type K8sAnswer } from './k8s-request.js';
import { localPart } from './node-name.js';

export interface K8sOptions extends Omit<K8sNaming, 'app'> {
  /** Before the `@` of the nodes; as in this node's own name if it is left out. */
  app?: string;
  /** URL of the API server. */
  apiserver: string;
  /** The pod's service account. */
  tokenFile: string;
  caFile: string;
  /** For the whole request. */
  timeoutMs: number;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export const K8S_DEFAULTS: K8sOptions = {
  apiserver: 'https://kubernetes.default.svc:443',
  serviceName: 'emqx',
  addressType: 'ip',
  namespace: 'default',
  suffix: 'pod.local',
  tokenFile: `${SERVICE_ACCOUNT}/token`,
  caFile: `${SERVICE_ACCOUNT}/ca.crt`,
  timeoutMs: 5000,
};

/** `k8s`: a node per ready address of a service. */
export class K8sDiscovery implements Discovery {
  readonly strategy = 'k8s';
  readonly #app: string;
  readonly #options: K8sOptions;
  readonly #url: URL;

  constructor(self: string, options: K8sOptions) {
    this.#app = options.app ?? localPart(self);
    this.#options = options;
    const { apiserver, namespace, serviceName } = options;
    const url = URL.canParse(apiserver) ? new URL(apiserver) : undefined;
    if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
      throw new DiscoveryError(
        'BAD_CONFIG',
        `cluster.k8s.apiserver: '${apiserver}' is not a URL: write https://host:port`,
      );
    }
    const [ns, service] = [namespace, serviceName].map(encodeURIComponent);
    const base = url.pathname.replace(/\/+$/, '');
    url.pathname = `${base}/api/v1/namespaces/${ns}/endpoints/${service}`;
    this.#url = url;
  }

  async discover(): Promise<string[]> {
    const { status, body } = await this.#ask();
    if (status !== 200) throw this.#refusal(status, body);
    return nodesOfEndpoints(body, { ...this.#options, app: this.#app });
  }

  async stop(): Promise<void> {}

  async #ask(): Promise<K8sAnswer> {
    const headers: Record<string, string> = { accept: 'application/json' };
    let ca: string | undefined;
    // A proxy on this pod that speaks plain HTTP adds the token itself; in clear it must not travel.
    if (this.#url.protocol === 'https:') {
      // Read each time: the kubelet writes a new token before the old one expires.
      headers.authorization = `Bearer ${await this.#read('token', this.#options.tokenFile)}`;
      ca = await this.#read('CA certificate', this.#options.caFile);
    }
    try {
      const { timeoutMs } = this.#options;
      return await get({ url: this.#url, headers, ca, timeoutMs });
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async #read(what: string, file: string): Promise<string> {
    try {
      return (await readFile(file, 'utf8')).trim();
    } catch (error) {
      throw new DiscoveryError(
        'K8S_NO_SERVICE_ACCOUNT',
        `cannot read the service account's ${what} (${reasonOf(error)}): run in a pod whose automountServiceAccountToken is not off`,
        { cause: error },
      );
    }
  }

  #refusal(status: number, body: string): DiscoveryError {
    const { namespace, serviceName, apiserver } = this.#options;
    const said = messageOf(body);
    switch (status) {
      case 401:
        return new DiscoveryError(
          'K8S_UNAUTHORIZED',
          `${apiserver} does not accept the service account's token (401${said}): is it of this cluster?`,
        );
      case 403:
        return new DiscoveryError(
          'K8S_FORBIDDEN',
          `the service account may not read endpoints in namespace ${namespace} (403${said}): give it a Role with get on endpoints`,
        );
      case 404:
        return new DiscoveryError(
          'K8S_NO_SERVICE',
          `there is no service ${serviceName} in namespace ${namespace} (404${said}): correct cluster.k8s.service_name or namespace`,
        );
      default:
        return new DiscoveryError('K8S_BAD_ANSWER', `${apiserver} answers ${status}${said}`);
    }
  }

  #failure(error: unknown): DiscoveryError {
    const { apiserver, timeoutMs, caFile } = this.#options;
    const code = codeOf(error);
    const reason = reasonOf(error);
    if (code === 'ABORT_ERR') {
      return new DiscoveryError(
        'K8S_TIMEOUT',
        `no answer from ${apiserver} within ${timeoutMs} ms: can it be reached from here?`,
        { cause: error },
      );
    }
    if (/CERT|SIGNATURE|^ERR_(TLS|SSL|OSSL)|^EPROTO$/.test(code)) {
      return new DiscoveryError(
        'K8S_TLS',
        `no TLS connection to ${apiserver} (${reason}): its certificate must name that host and be signed by the CA in ${caFile}`,
        { cause: error },
      );
    }
    return new DiscoveryError('K8S_UNREACHABLE', `cannot ask ${apiserver} (${reason})`, {
      cause: error,
    });
  }
}

/** What a Status object says, after a colon; nothing if it is none. */
function messageOf(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === 'string' ? `: ${message}` : '';
  } catch {
    return '';
  }
}
