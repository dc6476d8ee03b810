import { ProbeError } from './probe-error.js';

/** One second is all there is between two looks. */
export const ANSWER_TIMEOUT_MS = 900;
/** A large broker's exposition has some 100 KB. */
const LARGEST_ANSWER_BYTES = 16 * 2 ** 20;

/** What a GET brought, and when it was asked and answered, on the caller's clock. */
export interface Answer {
  readonly text: string;
  /** Halfway between question and first byte: when the source looked, to within half a round trip. */
  readonly atUs: number;
}

/** @throws ProbeError NO_ANSWER with what happened in a few words: it stands in the record */
export async function httpGet(
  url: URL,
  credentials: string | undefined,
  nowUs: () => number,
  timeoutMs = ANSWER_TIMEOUT_MS,
): Promise<Answer> {
  const askedUs = nowUs();
  const headers: Record<string, string> =
    credentials === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
    const atUs = (askedUs + nowUs()) / 2;
    const text = await readText(response);
    if (!response.ok) throw new ProbeError('NO_ANSWER', refusal(response.status, text));
    return { text, atUs };
  } catch (cause) {
    if (cause instanceof ProbeError) throw cause;
    throw new ProbeError('NO_ANSWER', reasonOf(cause, timeoutMs), { cause });
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > LARGEST_ANSWER_BYTES) {
      throw new ProbeError('NO_ANSWER', `answers more than ${LARGEST_ANSWER_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function refusal(status: number, text: string): string {
  const code = /"code"\s*:\s*"(\w+)"/.exec(text)?.[1];
  const answer = `answers HTTP ${status}${code === undefined ? '' : ` (${code})`}`;
  if (status !== 401 && status !== 403) return answer;
  return `${answer}: credentials from the environment, FLEETGAUGE_PROBE_CREDENTIALS=key:secret`;
}

function reasonOf(cause: unknown, timeoutMs: number): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  // fetch wraps what the socket said.
  const inner = cause.cause instanceof Error ? cause.cause : cause;
  const code = 'code' in inner ? String(inner.code) : '';
  if (code === 'ECONNREFUSED') return 'refuses connections';
  if (code === 'ENOTFOUND') return 'its host name does not resolve';
  return code === '' ? inner.message : code;
}
