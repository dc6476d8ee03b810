import { topicFilterError, topicNameError } from '../../wire/mod.js';
import type { BenchVerb } from './bench-flags.js';
import type { BenchValues } from './bench-values.js';
import { PAYLOAD_VARIABLE } from './payload.js';
import { escapeFields } from './payload-field.js';
import { compileTemplate, escapeTemplate, type Placeholder } from './template.js';

/** The topic of pub or a filter of sub, in our words. @param from the flag that it comes from */
export function spellTopic(
  verb: BenchVerb,
  topic: string,
  values: BenchValues,
  from = 'topic',
): string {
  const placeholders: readonly Placeholder[] =
    verb === 'pub' ? ['i', 'c', 'u', 's', 'rand'] : ['i', 'c', 'u'];
  const spelled = keepPlaceholders(topic, placeholders);
  if (verb === 'sub' && topic.split('/').some((level) => /^%(s|rand_\d+)$/.test(level))) {
    values.problem(
      from,
      `no %s or %rand_N in a filter ('${topic}'): nobody could say what is to arrive; %i gives each device its own`,
    );
  }
  const template = compileTemplate(spelled);
  if (template.uses('u') && values.optional('username') === undefined) {
    values.problem(from, `%u in '${topic}' needs a user name (-u)`);
  }
  if (template.uses('s')) {
    values.note('%s counts the messages of each device; emqtt-bench counts those of all.');
  }
  if (topic.split('/').some((level) => isMixed(keepPlaceholders(level, placeholders)))) {
    values.note(
      `${topic}: placeholders are filled in anywhere; emqtt-bench leaves those that are not a whole level.`,
    );
  }
  const sample = template.parts.map((part) => (part.kind === 'text' ? part.text : '1')).join('');
  const why = verb === 'pub' ? topicNameError(sample) : topicFilterError(sample);
  if (why !== undefined) values.problem(from, `'${topic}': ${why}`);
  return spelled;
}

/** emqtt-bench knows `%i` and `%rand_N` as the whole name; here they and `%c` may stand anywhere. */
export function spellUsername(username: string, values: BenchValues): string {
  const spelled = keepPlaceholders(username, ['i', 'c', 'rand']);
  if (
    !/^%(i|rand_\d+)$/.test(spelled) &&
    compileTemplate(spelled).parts.some(({ kind }) => kind !== 'text')
  ) {
    values.note(`-u ${username}: placeholders are filled in; emqtt-bench sends them as text.`);
  }
  return spelled;
}

/** A message template file of emqtt-bench's: its variables, and our placeholders beside them. */
export function spellMessageTemplate(text: string, values: BenchValues): string {
  const placeholders: Placeholder[] = ['i', 'c', 's'];
  if (values.optional('username') !== undefined) placeholders.push('u');
  let spelled = '';
  let end = 0;
  for (const match of text.matchAll(PAYLOAD_VARIABLE)) {
    spelled += keepPlaceholders(text.slice(end, match.index), placeholders) + match[0];
    end = match.index + match[0].length;
  }
  spelled += keepPlaceholders(text.slice(end), placeholders);
  if (/%[icsu]/.test(spelled.replaceAll('%%', ''))) {
    values.note('-m: %i, %c, %u and %s in the template are filled in; emqtt-bench leaves them.');
  }
  return spelled;
}

const TOKEN = /%(?:rand_[1-9]\d{0,8}(?!\d)|[icus])/g;

/** The text with these placeholders, and with all else that would be one written as text. */
function keepPlaceholders(text: string, kept: readonly Placeholder[]): string {
  let spelled = '';
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const kind = match[0].startsWith('%rand_') ? 'rand' : (match[0][1] as Placeholder);
    if (!kept.includes(kind)) continue;
    spelled += escapeFields(escapeTemplate(text.slice(end, match.index))) + match[0];
    end = match.index + match[0].length;
  }
  return spelled + escapeFields(escapeTemplate(text.slice(end)));
}

/** A placeholder with something beside it in its level. */
function isMixed(level: string): boolean {
  const { parts } = compileTemplate(level);
  return parts.length > 1 && parts.some(({ kind }) => kind !== 'text');
}
