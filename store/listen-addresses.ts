import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Addresses to listen on, and what must be said about them. */
export interface ListenAddresses {
  addresses: string[];
  note?: string;
}

export interface AddressLookup {
  /** All addresses of a name. Rejects where there is none. */
  resolve: (name: string) => Promise<readonly string[]>;
  /** The addresses of this machine's interfaces. */
  own: () => readonly string[];
}

export const HERE: AddressLookup = {
  resolve: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
  own: () =>
    Object.values(networkInterfaces()).flatMap((all = []) => all.map((each) => each.address)),
};

const EVERYWHERE = '0.0.0.0';

/**
 * Where a server listens that others reach at `host`: at that address, or at those which the name stands for and
 * this machine has. It has none of them behind a translation of addresses, and a name that Debian's installer put
 * into /etc/hosts stands for 127.0.1.1 here and for something else elsewhere: then on all.
 */
export async function listenAddresses(
  host: string,
  { resolve, own }: AddressLookup,
): Promise<ListenAddresses> {
  if (isIP(host) !== 0) return { addresses: [host] };
  let all: readonly string[];
  try {
    all = await resolve(host);
  } catch {
    return { addresses: [EVERYWHERE], note: noteOf(host, 'cannot be resolved') };
  }
  const mine = own();
  const here = [...new Set(all)].filter((each) => mine.includes(each) || each.startsWith('127.'));
  const isMeantLocal = host === 'localhost' || host.endsWith('.localhost');
  if (here.length > 0 && (isMeantLocal || !here.every(isLoopback))) return { addresses: here };
  const why = here.length > 0 ? 'which others do not reach' : 'which this machine does not have';
  return { addresses: [EVERYWHERE], note: noteOf(host, `stands for ${all.join(', ')}, ${why}`) };
}

function noteOf(host: string, why: string): string {
  return `etcd listens on all addresses, as '${host}' ${why}: name the node by an address to narrow it`;
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
