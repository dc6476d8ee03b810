/** The known word that differs least from what was typed, if it can have been meant. */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  const most = Math.max(2, Math.floor(typed.length / 3));
  const close = known
    .map((word) => ({ word, edits: editsBetween(typed.toLowerCase(), word.toLowerCase()) }))
    .filter(({ edits }) => edits <= most)
    .sort((a, b) => a.edits - b.edits);
  return close[0]?.word;
}

/** Levenshtein's distance; two letters swapped count as two. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const letter of a) {
    const next = [row[0]! + 1];
    for (let column = 1; column <= b.length; column++) {
      const change = row[column - 1]! + (letter === b[column - 1] ? 0 : 1);
      next.push(Math.min(change, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
