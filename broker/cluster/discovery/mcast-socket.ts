import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import { codeOf, DiscoveryError, reasonOf } from './errors.js';

export interface McastSocketOptions {
  /** The group: an IPv4 multicast address. */
  addr: string;
  /** The first free one is taken; all of them are spoken to. */
  ports: readonly number[];
  /** Address of the interface to use; 0.0.0.0: the one that the routing table says. */
  iface: string;
  /** Routers that a datagram may pass, plus one. */
  ttl: number;
  /** Whether nodes on the same machine get it, too. */
  loop: boolean;
  sendBufferBytes: number;
  receiveBufferBytes: number;
}

export interface McastSocket {
  /** The port it got. */
  readonly port: number;
  send(bytes: Buffer, port: number, address: string): Promise<void>;
  close(): void;
}

export interface McastListener {
  received(bytes: Buffer, address: string, port: number): void;
  /** The socket is of no use any more. */
  broken(reason: string): void;
}

export type OpenMcastSocket = (
  options: McastSocketOptions,
  listener: McastListener,
) => Promise<McastSocket>;

/** A UDP socket that is in the group. Throws DiscoveryError if there cannot be one. */
export const openMcastSocket: OpenMcastSocket = async (options, listener) => {
  const { addr, ports, iface } = options;
  if (!isIPv4(addr) || Number.parseInt(addr, 10) >> 4 !== 14) {
    throw new DiscoveryError(
      'BAD_CONFIG',
      `cluster.mcast.addr: ${addr} is not an IPv4 multicast address: choose one in 239.0.0.0/8`,
    );
  }
  const socket = await bindFirstFree(options);
  try {
    socket.setMulticastTTL(options.ttl);
    socket.setMulticastLoopback(options.loop);
    const named = iface === '0.0.0.0' ? undefined : iface;
    if (named !== undefined) socket.setMulticastInterface(named);
    socket.addMembership(addr, named);
  } catch (error) {
    socket.close();
    const advice =
      iface === '0.0.0.0'
        ? 'no interface has a route for it: name the address of one in cluster.mcast.iface'
        : `is cluster.mcast.iface ${iface} an address of this machine?`;
    throw new DiscoveryError(
      'MCAST_INTERFACE',
      `cannot join multicast group ${addr} (${reasonOf(error)}): ${advice}`,
      { cause: error },
    );
  }
  socket.on('message', (bytes, from) => listener.received(bytes, from.address, from.port));
  socket.on('error', (error) => {
    socket.close();
    listener.broken(`multicast socket on port ${ports.join('/')}: ${error.message}`);
  });
  return {
    port: socket.address().port,
    send: (bytes, port, address) =>
      new Promise((resolve, reject) => {
        socket.send(bytes, port, address, (error) => (error === null ? resolve() : reject(error)));
      }),
    close: () => socket.close(),
  };
};

async function bindFirstFree(options: McastSocketOptions): Promise<Socket> {
  for (const port of options.ports) {
    const socket = createSocket({
      type: 'udp4',
      sendBufferSize: options.sendBufferBytes,
      recvBufferSize: options.receiveBufferBytes,
    });
    // Not bound to the group: answers come to the address of the machine.
    socket.bind({ port, address: '0.0.0.0', exclusive: true });
    try {
      await once(socket, 'listening');
      return socket;
    } catch (error) {
      socket.close();
      if (codeOf(error) === 'EADDRINUSE') continue;
      throw new DiscoveryError(
        'MCAST_BIND',
        `cannot listen on UDP port ${port} (${reasonOf(error)}): choose other cluster.mcast.ports`,
        { cause: error },
      );
    }
  }
  throw new DiscoveryError(
    'MCAST_PORTS_TAKEN',
    `UDP ports ${options.ports.join(', ')} are all in use: name more in cluster.mcast.ports, the same on all nodes`,
  );
}
