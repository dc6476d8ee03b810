/** Does every topic that `filter` matches match `outer` too? Both are plain filters; `outer` has `#` at its end only. */
export function filterWithin(filter: string, outer: string): boolean {
  const inner = filter.split('/');
  const levels = outer.split('/');
  for (let k = 0; ; k++) {
    if (levels[k] === '#') return true;
    const level = inner[k];
    if (levels[k] === undefined || level === undefined) return levels[k] === level;
    if (level === '#') return false;
    if (levels[k] !== '+' && levels[k] !== level) return false;
  }
}
