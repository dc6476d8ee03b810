import { parseSharedFilter } from '../../../wire/mod.js';
import type { SubscriptionInfo } from '../node-control.js';
import { type CommandGroup, notFound, rows } from './command.js';

export const subscriptions: CommandGroup = {
  name: 'subscriptions',
  usage: [
    ['subscriptions list', 'List all subscriptions'],
    ['subscriptions show <ClientId>', 'Show subscriptions of a client'],
    ['subscriptions add <ClientId> <Topic> <QoS>', 'Add a static subscription manually'],
    ['subscriptions del <ClientId> <Topic>', 'Delete a static subscription manually'],
  ],
  async run({ args, node, answer }) {
    const [verb, clientId = '', topic = '', qos = ''] = args;
    switch (`${verb}/${args.length}`) {
      case 'list/1':
        await answer.outAll(rows(node.subscriptions(), subscriptionText));
        return true;
      case 'show/2': {
        const all = [...node.subscriptions(clientId)];
        if (all.length === 0) return notFound(answer);
        await answer.outAll(rows(all, subscriptionText));
        return true;
      }
      case 'add/4':
        if (!/^[012]$/.test(qos)) {
          answer.err('QoS should be 0, 1, 2');
          return false;
        }
        return done(
          node.subscribe(clientId, topic, Number(qos) as 0 | 1 | 2),
          `Error: '${topic}' is not a topic filter that this node takes!`,
        );
      case 'del/3':
        return done(node.unsubscribe(clientId, topic), 'Not Found.');
      default:
        return undefined;
    }

    function done(outcome: boolean | undefined, refusal: string): boolean {
      if (outcome === true) answer.out('ok');
      else answer.err(outcome === undefined ? 'Error: Channel not found!' : refusal);
      return outcome === true;
    }
  },
};

/** EMQX's list has a shared group's filter without the group. */
function subscriptionText(subscription: SubscriptionInfo): string {
  const { clientId, filter, qos, noLocal, retainHandling, retainAsPublished } = subscription;
  const topic = parseSharedFilter(filter)?.filter ?? filter;
  const flags = `qos:${qos} nl:${Number(noLocal)} rh:${retainHandling} rap:${Number(retainAsPublished)}`;
  return `${clientId} -> topic:${topic} ${flags}`;
}
