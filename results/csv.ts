/** RFC 4180: cells may be quoted, and then hold commas, line ends and doubled quotes. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let position = 0;
  while (position < text.length) {
    let cell: string;
    if (text[position] === '"') {
      let end = position + 1;
      while (end < text.length && !(text[end] === '"' && text[end + 1] !== '"')) {
        end += text[end] === '"' ? 2 : 1;
      }
      cell = text.slice(position + 1, end).replaceAll('""', '"');
      position = end + 1;
    } else {
      let end = position;
      while (end < text.length && text[end] !== ',' && text[end] !== '\n') end += 1;
      cell = text.slice(position, end);
      position = end;
    }
    row.push(cell);
    const separator = text[position];
    position += 1;
    if (separator === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
