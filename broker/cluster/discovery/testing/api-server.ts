import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { KeyPair } from './certificates.js';
import { freePort } from './free-port.js';

/** Answers as a Kubernetes API server does to a GET of endpoints. */
export class ApiServer {
  readonly port: number;
  /** Tokens that it accepts. */
  tokens = new Set<string>();
  /** Tokens whose service account may not read endpoints. */
  forbidden = new Set<string>();
  /** By `namespace/service`. */
  endpoints = new Map<string, unknown>();
  /** How many requests had each token. */
  readonly seen = new Map<string, number>();
  /** Takes requests and says nothing. */
  silent = false;
  readonly #server: ReturnType<typeof createServer>;

  private constructor(port: number, key: Buffer, cert: Buffer) {
    this.port = port;
    this.#server = createServer({ key, cert }, (request, response) => {
      if (!this.silent) this.#answer(request, response);
    });
  }

  static async start({ certfile, keyfile }: KeyPair): Promise<ApiServer> {
    const [key, cert] = await Promise.all([readFile(keyfile), readFile(certfile)]);
    const api = new ApiServer(await freePort(), key, cert);
    api.#server.listen(api.port, '127.0.0.1');
    await once(api.#server, 'listening');
    return api;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    this.seen.set(token, (this.seen.get(token) ?? 0) + 1);
    const path = /^\/api\/v1\/namespaces\/([^/]+)\/endpoints\/([^/]+)$/.exec(request.url ?? '');
    const [, namespace, service] = path ?? [];
    const found = this.endpoints.get(`${namespace}/${service}`);
    const what = `endpoints "${service}"`;
    if (this.forbidden.has(token)) {
      const user = `User "system:serviceaccount:${namespace}:default" cannot get resource "endpoints"`;
      status(response, 403, 'Forbidden', `${what} is forbidden: ${user} in API group ""`);
    } else if (!this.tokens.has(token)) status(response, 401, 'Unauthorized', 'Unauthorized');
    else if (request.method !== 'GET' || found === undefined) {
      status(response, 404, 'NotFound', `${what} not found`);
    } else {
      const metadata = { name: service, namespace };
      send(response, 200, { kind: 'Endpoints', apiVersion: 'v1', metadata, subsets: found });
    }
  }
}

function status(response: ServerResponse, code: number, reason: string, message: string): void {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' };
  send(response, code, { ...body, message, reason, code });
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
