// Laying out text for a terminal: columns, wrapping, and colour that a parameter turns off.

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

export type Paint = (style: Style, text: string) => string;

/** Select Graphic Rendition codes, ECMA-48 8.3.117: set and reset. */
const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
};

export function painter(colour: boolean): Paint {
  return (style, text) => {
    const [set, reset] = CODES[style];
    return colour ? `\u001b[${set}m${text}\u001b[${reset}m` : text;
  };
}

export type Alignment = 'left' | 'right';

/** Pads every column to its widest cell; the last column's trailing blanks are left out. */
export function columns(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[],
  gap = 2,
): string[] {
  const widths = alignments.map((_, at) =>
    Math.max(0, ...rows.map((row) => [...(row[at] ?? '')].length)),
  );
  return rows.map((row) =>
    widths
      .map((width, at) => {
        const cell = row[at] ?? '';
        const blanks = ' '.repeat(width - [...cell].length);
        return alignments[at] === 'right' ? blanks + cell : cell + blanks;
      })
      .join(' '.repeat(gap))
      .trimEnd(),
  );
}

/** Keeps words together in `wrap`, which prints it as a plain blank. */
export const NO_BREAK_SPACE = '\u00a0';

/** Breaks text between words; the first line starts with `first`, the others with as many blanks. */
export function wrap(first: string, text: string, width: number): string[] {
  const indent = ' '.repeat([...first].length);
  const lines: string[] = [];
  let line = first;
  let words = 0;
  for (const word of text.split(' ')) {
    if (words > 0 && [...line].length + 1 + [...word].length > width) {
      lines.push(line);
      line = indent;
      words = 0;
    }
    line += words === 0 ? word : ` ${word}`;
    words += 1;
  }
  lines.push(line);
  return lines.map((text) => text.replaceAll(NO_BREAK_SPACE, ' '));
}
