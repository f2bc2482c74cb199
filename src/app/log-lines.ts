// The only place that lays the lines of a log: as they are, or in pieces as wide as the screen. Scrolling, searching and drawing all count them here.
import { type SafeLine, withoutColours } from '../domain/safe-line.ts';
import type { Console, Mode, Tail } from './console-state.ts';
import { pieces } from './style.ts';

/** Rows that a log has on the screen: all but header, state, rule and the last two. */
export const logHeight = (console: Console): number => console.view.rows - 5;

/** A whole log may have tens of thousands of lines, and keys ask for them several times. */
const laid = new WeakMap<Tail['lines'], { readonly columns: number; readonly made: Tail['lines'] }>();

/** The lines of an open log as they are shown. */
export const logLines = ({ data, view }: Console, mode: Mode & { kind: 'log' }): Tail['lines'] => {
  const lines = data.tails.get(mode.jid)?.lines ?? [];
  if (mode.wrap === 'cut') return lines;
  const known = laid.get(lines);
  if (known?.columns === view.columns) return known.made;
  // Colours are given up, since a piece must stand alone; a mark of standard error takes two columns.
  const made = lines.flatMap(({ stream, text }) =>
    pieces(withoutColours(text), view.columns - (stream === 'err' ? 3 : 1)).map(piece => ({ stream, text: piece as SafeLine })),
  );
  laid.set(lines, { columns: view.columns, made });
  return made;
};
