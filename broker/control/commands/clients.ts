import type { ClientInfo } from '../node-control.js';
import { type CommandGroup, notFound, rows, visible } from './command.js';

/** As MQTT writes a session that never expires. */
const NEVER_EXPIRES = 0xffff_ffff;

export const clients: CommandGroup = {
  name: 'clients',
  usage: [
    ['clients list', 'List all clients'],
    ['clients show <ClientId>', 'Show a client'],
    ['clients kick <ClientId>', 'Kick out a client'],
  ],
  async run({ args, node, answer }) {
    const [verb, clientId = ''] = args;
    switch (`${verb}/${args.length}`) {
      case 'list/1':
        await answer.outAll(rows(node.clients(), clientText));
        return true;
      case 'show/2': {
        const client = node.client(clientId);
        if (client === undefined) return notFound(answer);
        answer.out(visible(clientText(client)));
        return true;
      }
      case 'kick/2':
        if (!node.kick(clientId)) return notFound(answer);
        answer.out('ok');
        return true;
      default:
        return undefined;
    }
  },
};

function clientText(client: ClientInfo): string {
  const { sessionExpirySeconds, disconnectedAtMs } = client;
  const expiry = Number.isFinite(sessionExpirySeconds) ? sessionExpirySeconds : NEVER_EXPIRES;
  const fields = [
    client.clientId,
    `username=${client.username}`,
    `peername=${client.peer}`,
    `clean_start=${client.cleanStart}`,
    `keepalive=${client.keepAliveSeconds}`,
    `session_expiry_interval=${expiry}`,
    `subscriptions=${client.subscriptions}`,
    `inflight=${client.inflight}`,
    `awaiting_rel=${client.awaitingRelease}`,
    `delivered_msgs=${client.delivered}`,
    `enqueued_msgs=${client.queued}`,
    `dropped_msgs=${client.dropped}`,
    `connected=${client.connected}`,
    `created_at=${client.createdAtMs}`,
    `connected_at=${client.connectedAtMs}`,
  ];
  if (disconnectedAtMs !== undefined) fields.push(`disconnected_at=${disconnectedAtMs}`);
  return `Client(${fields.join(', ')})`;
}
