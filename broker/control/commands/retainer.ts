import { topicFilterError } from '../../../wire/mod.js';
import { type CommandGroup, rows } from './command.js';

export const retainer: CommandGroup = {
  name: 'retainer',
  usage: [
    ['retainer info', 'Show the count of retained messages'],
    ['retainer topics', 'Show all topics of retained messages'],
    ['retainer clean', 'Clean all retained messages'],
    ['retainer clean <Topic>', 'Clean retained messages by the specified topic filter'],
  ],
  async run({ args, node, answer }) {
    const { retained } = node;
    const [verb, topic] = args;
    switch (`${verb}/${args.length}`) {
      case 'info/1':
        answer.out(`Number of retained messages: ${retained.count()}`);
        return true;
      case 'topics/1':
        await answer.outAll(rows(retained.topics(), (name) => name));
        return true;
      case 'clean/1':
      case 'clean/2': {
        const fault = topic === undefined ? undefined : topicFilterError(topic);
        if (fault !== undefined) {
          answer.err(`'${topic}': ${fault}`);
          return false;
        }
        answer.out(`Retained messages removed: ${await retained.clean(topic)}`);
        return true;
      }
      default:
        return undefined;
    }
  },
};
