import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface K8sRequest {
  url: URL;
  headers: Record<string, string>;
  /** PEM. */
  ca: string | undefined;
  timeoutMs: number;
}

export interface K8sAnswer {
  status: number;
  body: string;
}

/** Endpoints of a service hold 1,000 addresses at most, some 300 bytes each. */
const LONGEST_BODY_BYTES = 8 * 1024 * 1024;

/** A GET on a connection of its own. Rejects with whatever Node.js says, also after `timeoutMs` in all. */
export function get({ url, headers, ca, timeoutMs }: K8sRequest): Promise<K8sAnswer> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const options = { headers, agent: false, signal, ...(ca === undefined ? {} : { ca }) };
    const request = send(url, options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > LONGEST_BODY_BYTES) request.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
      });
      response.once('error', reject);
    });
    request.once('error', reject);
    request.end();
  });
}
