// The only place that lays out a table of text for a width: the columns that matter least go first, then the widest gives way.
import { widthOf } from '../app/style.ts';

/** A column: its title, how narrow it may get, and what is first given up where there is no room (the highest rank). */
export type Column = { readonly title: string; readonly rank: number; readonly least: number; readonly align?: 'right' };

const gap = 2;

/**
 * Rows as lines; a cell that holds nothing is a dash, a column that holds nothing is left out.
 * @param width in cells; undefined where there is no end, as in a pipe
 * @returns the lines, and the titles of what found no room
 */
export const tableLines = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): { readonly lines: readonly string[]; readonly left: readonly string[] } => {
  const cells = [columns.map(({ title }) => title), ...rows.map(row => row.map(cell => (cell === '' ? '-' : cell)))];
  const natural = columns.map((_, at) => Math.max(...cells.map(row => widthOf(row[at] ?? ''))));
  const least = columns.map((column, at) => Math.min(column.least, natural[at] ?? 0));
  const sum = (kept: readonly number[], of: readonly number[]): number => kept.reduce((all, at) => all + (of[at] ?? 0) + gap, -gap);
  const told = columns.flatMap((_, at) => (rows.some(row => row[at] !== '') ? [at] : []));
  const room = width ?? sum(told, natural);
  let kept = told;
  for (const at of told.toSorted((one, other) => (columns[other]?.rank ?? 0) - (columns[one]?.rank ?? 0)))
    if (kept.length > 1 && sum(kept, least) > room) kept = kept.filter(other => other !== at);
  const widths = [...natural];
  while (sum(kept, widths) > room) {
    const wide = kept.filter(at => (widths[at] ?? 0) > (least[at] ?? 0));
    if (wide.length === 0) break;
    const widest = wide.reduce((one, other) => ((widths[other] ?? 0) > (widths[one] ?? 0) ? other : one));
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  const lines = cells.map(row =>
    kept
      .map(at => fitted(row[at] ?? '', widths[at] ?? 0, columns[at]?.align))
      .join(' '.repeat(gap))
      .trimEnd(),
  );
  return { lines, left: told.filter(at => !kept.includes(at)).map(at => columns[at]?.title ?? '') };
};

/** A long cell loses its middle: paths, addresses and names say most at both ends. */
const fitted = (text: string, width: number, align: Column['align']): string => {
  let short = text;
  if (widthOf(text) > width) {
    const head = [...text];
    const tail = head.splice(Math.ceil(head.length / 2));
    while (head.length + tail.length > 0 && widthOf(`${head.join('')}…${tail.join('')}`) > width)
      if (head.length > (width - 1) / 3) head.pop();
      else tail.shift();
    short = `${head.join('')}…${tail.join('')}`;
  }
  const blanks = ' '.repeat(Math.max(0, width - widthOf(short)));
  return align === 'right' ? blanks + short : short + blanks;
};
