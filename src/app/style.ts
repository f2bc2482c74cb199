// The only place that turns pieces of text into one row for the terminal: exactly so many columns, with its colours closed.
// Every piece passes a gate here, so that no control character can reach the screen from a name, a title or a cause.
// It knows tones (what a thing means), not states or hosts.
import stringWidth from 'string-width';
import { type SafeLine, safeText, withoutColours } from '../domain/safe-line.ts';
import { steadyText } from './steady-text.ts';

/** `plain`: NO_COLOR; attributes such as reverse video stay. */
export type Palette = 'colour' | 'plain';

/** What a piece means; {@link paint} says how that looks. */
export type Tone =
  | 'text'
  | 'dim'
  | 'strong'
  | 'busy'
  | 'good'
  | 'wait'
  | 'alarm'
  | 'warning'
  | 'away'
  | 'label'
  | 'label-red'
  | 'bar'
  | 'bar-alarm'
  | 'cursor'
  | 'cursor-row'
  | 'mark'
  | 'mark-alarm'
  | 'key';

/** A piece of a row: text in a tone, or a line of host output with its own colours. */
export type Piece = string | readonly [Tone, string] | { readonly output: SafeLine };

/** Attributes, then colour: without colours the attributes alone must tell trouble from the rest. */
const looks: Readonly<Record<Tone, readonly [attributes: string, colour: string]>> = {
  text: ['', ''],
  dim: ['2', ''],
  strong: ['1', ''],
  busy: ['', '36'],
  good: ['2', '32'],
  wait: ['1', ''],
  alarm: ['7', '31'],
  // Black on yellow: yellow with the paper of a light theme can't be read.
  warning: ['7', '33;40'],
  away: ['7', '35'],
  label: ['1;7', ''],
  'label-red': ['1;7', '31'],
  bar: ['7', ''],
  'bar-alarm': ['1;7', '31'],
  cursor: ['1;4;7', ''],
  'cursor-row': ['1', ''],
  mark: ['1;4', ''],
  'mark-alarm': ['4;7', ''],
  key: ['1', ''],
};

/** Text in its tone, closed. */
const paint = (palette: Palette, tone: Tone, text: string): string => {
  const [attributes, colour] = looks[tone];
  const codes = [attributes, palette === 'colour' ? colour : ''].filter(code => code !== '').join(';');
  return codes === '' || text === '' ? text : `\x1b[${codes}m${text}\x1b[0m`;
};

const onlyAscii = /^[\x20-\x7e]*$/;

/** The gate: what is not printable never passes, wherever it came from. */
const gate = (text: string): string => (onlyAscii.test(text) ? text : steadyText(safeText(text)));

/** The same for a line of host output, whose colours stay. */
const steadyLine = (line: SafeLine): SafeLine =>
  line
    .split(/(\x1b\[[0-9;]*m)/)
    .map((part, at) => (at % 2 === 1 ? part : steadyText(part)))
    .join('') as SafeLine;

/** Columns that a text without colours takes. */
export const widthOf = (text: string): number => (onlyAscii.test(text) ? text.length : stringWidth(text));

/** The text in at most `width` columns; what is cut ends with `…`. */
export const cut = (text: string, width: number): string => {
  if (width <= 0) return '';
  const clean = gate(text);
  return widthOf(clean) <= width ? clean : `${head(clean, width - 1)}…`;
};

/** Three texts in at most `width` columns: the middle one, a title, gives way to what is said about it. */
export const fitted = (width: number, start: string, title: string, end: string): string =>
  `${start}${cut(title, Math.max(8, width - widthOf(gate(start)) - widthOf(gate(end))))}${end}`;

/** The text in exactly `width` columns, cut or padded at its end. */
export const pad = (text: string, width: number): string => {
  const short = cut(text, width);
  return short + ' '.repeat(Math.max(0, width - widthOf(short)));
};

/** The text in exactly `width` columns, padded in front: numbers and times. */
export const padFront = (text: string, width: number): string => {
  const short = cut(text, width);
  return ' '.repeat(Math.max(0, width - widthOf(short))) + short;
};

/** The first characters that fit into `width` columns. */
const head = (text: string, width: number): string => {
  if (onlyAscii.test(text)) return text.slice(0, width);
  let taken = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const wide = stringWidth(segment);
    if (used + wide > width) break;
    taken += segment;
    used += wide;
  }
  return taken;
};

/** A long text in pieces of at most `width` columns; an empty one is one piece. */
export const pieces = (text: string, width: number): string[] => {
  const left = gate(text);
  const cuts: string[] = [];
  let from = 0;
  while (from < left.length) {
    // A character wider than the room would never fit, and is left to be cut.
    const piece = head(left.slice(from), width) || left.slice(from);
    cuts.push(piece);
    from += piece.length;
  }
  return cuts.length === 0 ? [''] : cuts;
};

/** Lines of whole words, each in at most `width` columns; a word that is longer is cut into pieces. */
export const wrapWords = (text: string, width: number): string[] => {
  const lines: string[] = [];
  for (const word of text.split(' ').flatMap(whole => pieces(whole, width))) {
    const last = lines.at(-1);
    if (last === undefined || widthOf(last) + 1 + widthOf(word) > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
};

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Splits text into what a person takes for characters. */
export const charactersOf = (text: string): string[] =>
  onlyAscii.test(text) ? text.split('') : Array.from(graphemes.segment(text), part => part.segment);

/** One row of exactly `columns` columns. `right` stands at its end and wins over the left part. */
export const row = (palette: Palette, columns: number, left: readonly Piece[], right: readonly Piece[] = []): string => {
  const end = right.map(piece => clean(piece));
  const endWidth = Math.min(
    columns,
    end.reduce((sum, piece) => sum + piece.width, 0),
  );
  const room = endWidth === 0 ? columns : Math.max(0, columns - endWidth - 1);
  const start = lay(palette, left, room);
  if (endWidth === 0) return start;
  return `${start}${columns > endWidth ? ' ' : ''}${lay(palette, right, endWidth)}`;
};

/** A whole row in one tone: the state row when it alarms, the rule of a pane. */
export const bar = (palette: Palette, columns: number, tone: Tone, text: string): string => paint(palette, tone, pad(gate(text), columns));

/** `-- title ----`, the head of a pane; `right` stands near its end. */
export const rule = (palette: Palette, columns: number, title: string, right = ''): string => {
  const end = right === '' ? '' : ` ${gate(right)} --`;
  const start = cut(`-- ${gate(title)} `, columns - widthOf(end));
  const dashes = '-'.repeat(Math.max(0, columns - widthOf(start) - widthOf(end)));
  return paint(palette, 'dim', pad(`${start}${dashes}${end}`, columns));
};

/** Pieces side by side in exactly `room` columns; the one that does not fit is cut with `…`, the rest is left out. */
const lay = (palette: Palette, pieces: readonly Piece[], room: number): string => {
  let out = '';
  let used = 0;
  for (const [at, piece] of pieces.entries()) {
    const { tone, text, width, output } = clean(piece);
    const left = room - used;
    if (left <= 0) break;
    if (width <= left) {
      out += output === undefined ? paint(palette, tone, text) : palette === 'colour' ? output : text;
      used += width;
      continue;
    }
    // A blank at the border means that nothing of the piece would be read.
    const short = cut(text, left);
    out += at > 0 && left === 1 ? ' ' : paint(palette, tone, short);
    used += widthOf(short);
    break;
  }
  return out + ' '.repeat(Math.max(0, room - used));
};

type Clean = { readonly tone: Tone; readonly text: string; readonly width: number; readonly output?: SafeLine };

const clean = (piece: Piece): Clean => {
  if (typeof piece === 'string') return measured('text', gate(piece));
  if ('output' in piece) {
    const output = onlyAscii.test(withoutColours(piece.output)) ? piece.output : steadyLine(piece.output);
    const text = withoutColours(output);
    return { tone: 'text', text, width: widthOf(text), output };
  }
  return measured(piece[0], gate(piece[1]));
};

const measured = (tone: Tone, text: string): Clean => ({ tone, text, width: widthOf(text) });
