import fc from 'fast-check';

const level = fc.constantFrom('a', 'b', '', '$x', 'c');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
/** Topic names over few levels, so that filters often match. */
export const arbitraryTopic = topic.filter((text) => text !== '');
/** Filters over the same levels, wildcards among them. */
export const arbitraryFilter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, hash]) => (hash ? [...levels.slice(0, 3), '#'] : levels).join('/'))
  .filter((text) => text !== '');
