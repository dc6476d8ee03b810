import { lookup } from 'node:dns/promises';
import { formatTarget, type Target } from '../scenario/mod.js';
import { FleetError } from './fleet-error.js';

/** A target with all addresses that its name has. */
export interface ResolvedTarget extends Target {
  /** Numeric, each once, in the resolver's order; the host itself if it is an address. */
  addresses: string[];
}

/** All A and AAAA records of a name, by the system's resolver (so that /etc/hosts counts). */
export type ResolveName = (host: string) => Promise<{ address: string }[]>;

const systemResolver: ResolveName = (host) => lookup(host, { all: true, verbatim: true });

/** getaddrinfo(3) gives up by itself after two tries of five seconds each where nothing else is configured. */
const TIMEOUT_MS = 10_000;

/**
 * Asks for the addresses of all targets, once: what a name means later in the run does not matter.
 * @throws FleetError UNREACHABLE for a name that has no address or none in time
 */
export async function resolveTargets(
  targets: readonly Target[],
  resolve: ResolveName = systemResolver,
  timeoutMs = TIMEOUT_MS,
): Promise<ResolvedTarget[]> {
  return Promise.all(
    targets.map(async (target) => {
      const answers = await withinTime(resolve(target.host), timeoutMs).catch((cause: unknown) => {
        throw new FleetError('UNREACHABLE', `${formatTarget(target)} ${whyNot(cause, timeoutMs)}`, {
          cause,
        });
      });
      return { ...target, addresses: [...new Set(answers.map(({ address }) => address))] };
    }),
  );
}

const LATE = new Error('late');

async function withinTime<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(LATE), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function whyNot(error: unknown, timeoutMs: number): string {
  if (error === LATE) {
    return `has a host name that the name server does not resolve within ${timeoutMs / 1000} s: try its address`;
  }
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EAI_AGAIN') {
    return 'has a host name that the name server does not resolve at the moment (EAI_AGAIN): try its address';
  }
  return `has a host name that does not resolve (${code ?? String(error)})`;
}
