// The only place where text from a host, an inventory or a playbook becomes fit for a terminal: an allow-list, not a filter of known evils.
// It keeps printable characters and a subset of colours; every other control, escape and invisible mark is dropped.
// It knows neither screens nor jobs. What it returns is branded, and only that may be drawn.

/** One line without line ends that may be written to a terminal: printable characters and colour sequences it closes itself. */
export type SafeLine = string & { readonly __safe: never };

/** Turns a stream of output into lines, wherever the stream is cut. */
export type Sanitiser = {
  /** Lines that the chunk completed. A colour left open goes on in the next line, as in a terminal. */
  push(chunk: Uint8Array | string): SafeLine[];
  /** The line that has not ended yet (a prompt, a progress bar); empty when there is none. */
  partial(): SafeLine;
  /** Ends the stream: the unfinished line, if there is one. */
  flush(): SafeLine[];
};

/** Most cells, and most characters with their colours, that one line keeps; what follows is dropped and marked with `…`. */
const mostCells = 4000;
const mostCharacters = 4096;
/** An escape sequence longer than this is nobody's: it is dropped, and text goes on. */
const mostEscape = 4096;

type Mode = 'text' | 'escape' | 'charset' | 'csi' | 'string' | 'string-escape';

/** Makes a streaming sanitiser; one per stream, since an escape sequence may be cut by a chunk's border. */
export const makeSanitiser = (): Sanitiser => {
  const decoder = new TextDecoder('utf-8');
  const line = makeLine();
  let mode: Mode = 'text';
  let sequence = '';
  let swallowed = 0;
  let halfPair = '';

  const afterEscape = (ch: string): void => {
    sequence = '';
    swallowed = 0;
    if (ch === '[') mode = 'csi';
    else if (ch === ']' || ch === 'P' || ch === 'X' || ch === '^' || ch === '_') mode = 'string';
    else if (ch >= ' ' && ch <= '/') mode = 'charset';
    else if (ch !== '\x1b') mode = 'text';
  };

  const inCsi = (ch: string): void => {
    if (ch >= '@' && ch <= '~') {
      mode = 'text';
      if (ch === 'm') line.colour(sequence);
      else if (ch === 'K') line.erase(sequence);
    } else if (ch >= ' ' && ch <= '?' && sequence.length < mostEscape) sequence += ch;
    else mode = 'text';
  };

  /** OSC, DCS, APC, PM and SOS are swallowed up to BEL or ST; an endless one is given up so that it can't hide what follows. */
  const inString = (ch: string): void => {
    swallowed += 1;
    if (ch === '\x1b') mode = 'string-escape';
    else if (ch === '\x07' || ch === '\x9c' || swallowed > mostEscape) mode = 'text';
  };

  const take = (ch: string): SafeLine | undefined => {
    if (ch === '\n') {
      mode = 'text';
      return line.end();
    }
    if (mode === 'text') {
      if (ch === '\x1b') mode = 'escape';
      else if (ch === '\x9b') afterEscape('[');
      else if (ch === '\x9d' || ch === '\x90' || ch === '\x98' || ch === '\x9e' || ch === '\x9f') afterEscape(']');
      else line.put(ch);
    } else if (mode === 'csi') {
      if (ch === '\x1b') mode = 'escape';
      else inCsi(ch);
    } else if (mode === 'string') inString(ch);
    else if (mode === 'string-escape') {
      if (ch === '\\') mode = 'text';
      else afterEscape(ch);
    } else if (mode === 'charset') {
      if (ch < ' ' || ch > '/') mode = 'text';
    } else afterEscape(ch);
    return undefined;
  };

  return {
    push: chunk => {
      let text = halfPair + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }));
      halfPair = '';
      if (/[\uD800-\uDBFF]$/.test(text)) {
        halfPair = text.slice(-1);
        text = text.slice(0, -1);
      }
      const lines: SafeLine[] = [];
      for (const ch of text) {
        const done = take(ch);
        if (done !== undefined) lines.push(done);
      }
      return lines;
    },
    partial: () => line.shown(),
    flush: () => (line.isEmpty() ? [] : [line.end()]),
  };
};

/**
 * One line of plain text, without colours, fit for a list: names, commands, causes. Line ends and tabs become blanks.
 * @param max most characters; a longer text ends with `…`
 */
export const safeText = (text: string, max = 4000): SafeLine => {
  const line = makeLine();
  let within: 'text' | 'escape' | 'csi' = 'text';
  for (const ch of text.length > 4 * max ? text.slice(0, 4 * max) : text) {
    if (ch === '\x1b') within = 'escape';
    else if (within === 'escape') within = ch === '[' ? 'csi' : 'text';
    else if (within === 'csi') {
      if (ch >= '@' && ch <= '~') within = 'text';
    } else line.put(ch === '\n' || ch === '\t' || ch === '\r' ? ' ' : ch);
  }
  return cutAt(line.shown(), max);
};

/**
 * The last line of some output that says anything, plain, as a terminal would show it after carriage returns.
 * @param max most characters; a longer line ends with `…`
 */
export const lastSafeLine = (text: string, max = 200): SafeLine => {
  const sanitiser = makeSanitiser();
  const lines = sanitiser.push(tailOf(text));
  const candidates = [...lines, sanitiser.partial()].reverse();
  const last = candidates.map(withoutColours).find(candidate => candidate.trim() !== '') ?? '';
  return cutAt(last.trimEnd() as SafeLine, max);
};

/** The same line without its colours. */
export const withoutColours = (line: SafeLine): SafeLine => line.replace(/\x1b\[[0-9;]*m/g, '') as SafeLine;

/** Enough of the end for one line; it begins at a line's border where there is one, so that no escape sequence is cut in two. */
const tailOf = (text: string): string => {
  if (text.length <= 2 * mostCells) return text;
  const tail = text.slice(-2 * mostCells);
  const border = tail.indexOf('\n');
  return border === -1 ? tail : tail.slice(border + 1);
};

const cutAt = (text: SafeLine, max: number): SafeLine =>
  text.length <= max ? text : (`${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…` as SafeLine);

/** The line under construction: cells with their colours and a cursor, so that CR, BS and erasing overwrite as in a terminal. */
const makeLine = () => {
  let cells: string[] = [];
  let colours: string[] = [];
  let cursor = 0;
  let cut = false;
  let pen: Pen = plainPen;
  let penText = '';

  const write = (ch: string): void => {
    if (cursor >= mostCells) {
      cut = true;
      return;
    }
    while (cells.length < cursor) {
      cells.push(' ');
      colours.push('');
    }
    cells[cursor] = ch;
    colours[cursor] = penText;
    cursor += 1;
  };

  const control = (ch: string): void => {
    if (ch === '\r') cursor = 0;
    else if (ch === '\b') cursor = Math.max(0, cursor - 1);
    else if (ch === '\t') {
      const stop = (Math.floor(cursor / 8) + 1) * 8;
      while (cursor < stop && cursor < mostCells) write(' ');
    }
  };

  const shown = (): SafeLine => {
    let text = '';
    let colour = '';
    for (const [at, ch] of cells.entries()) {
      const next = colours[at] ?? '';
      if (next !== colour) {
        text += next === '' ? '\x1b[0m' : `\x1b[0;${next}m`;
        colour = next;
      }
      text += ch;
      if (text.length >= mostCharacters - 24) {
        cut = true;
        break;
      }
    }
    return `${text}${colour === '' ? '' : '\x1b[0m'}${cut ? '…' : ''}` as SafeLine;
  };

  return {
    put: (ch: string): void => {
      if (ch >= ' ' && ch <= '~') write(ch);
      else if (ch < ' ') control(ch);
      else if (isMark(ch)) {
        const before = cells[cursor - 1];
        if (before !== undefined && before.length < 4) cells[cursor - 1] = before + ch;
      } else {
        const allowed = printable(ch);
        if (allowed !== '') write(allowed);
      }
    },
    colour: (parameters: string): void => {
      pen = penAfter(pen, parameters);
      penText = textOf(pen);
    },
    erase: (parameters: string): void => {
      if (parameters === '' || parameters === '0') cells = cells.slice(0, cursor);
      else if (parameters === '1') cells = cells.map((ch, at) => (at <= cursor ? ' ' : ch));
      else if (parameters === '2') cells = [];
      colours = colours.slice(0, cells.length);
    },
    shown,
    isEmpty: () => cells.length === 0,
    end: (): SafeLine => {
      const done = shown();
      cells = [];
      colours = [];
      cursor = 0;
      cut = false;
      return done;
    },
  };
};

/** Combining marks, which belong to the cell before them; variation selectors are not shown at all. */
const isMark = (ch: string): boolean => ch > '\u02ff' && /^\p{M}$/u.test(ch) && !/^\p{Variation_Selector}$/u.test(ch);

/** What is drawn for a character beyond ASCII: itself, a stand-in of one cell, or nothing. */
const printable = (ch: string): string => {
  if (ch < '\xa0') return '';
  // Flags are pairs of these; terminals disagree about their width.
  if (ch >= '\u{1f1e6}' && ch <= '\u{1f1ff}') return '?';
  // Skin tones change the width of what stands before them.
  if (ch >= '\u{1f3fb}' && ch <= '\u{1f3ff}') return '';
  if (/^[\u2028\u2029]$/.test(ch)) return ' ';
  if (/^\p{Cs}$/u.test(ch)) return '\ufffd';
  // Formats (bidi overrides, joiners, tags, soft hyphen), variation selectors and fillers are invisible.
  return /^(?:\p{Cf}|\p{Cn}|\p{Variation_Selector}|\u115f|\u1160|\u3164|\uffa0)$/u.test(ch) ? '' : ch;
};

type Pen = { readonly marks: readonly number[]; readonly ink: string; readonly paper: string };
const plainPen: Pen = { marks: [], ink: '', paper: '' };
const textOf = (pen: Pen): string => [...pen.marks, pen.ink, pen.paper].filter(part => part !== '').join(';');

/** What each code takes away: 22 ends bold and dim, 23 italic … */
const ends: Readonly<Record<number, readonly number[]>> = { 22: [1, 2], 23: [3], 24: [4], 27: [7], 29: [9] };

/** The pen after `CSI parameters m`. Blinking and concealing are not for us. @see ECMA-48, 8.3.117 */
const penAfter = (pen: Pen, parameters: string): Pen => {
  if (!/^[0-9;:]*$/.test(parameters) || parameters.length > 120) return pen;
  const codes = parameters.split(/[;:]/).map(Number);
  let next = pen;
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) next = plainPen;
    else if ([1, 2, 3, 4, 7, 9].includes(code)) next = { ...next, marks: [...next.marks.filter(mark => mark !== code), code] };
    else if (ends[code] !== undefined) next = { ...next, marks: next.marks.filter(mark => !ends[code]?.includes(mark)) };
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) next = { ...next, ink: String(code) };
    else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) next = { ...next, paper: String(code) };
    else if (code === 39) next = { ...next, ink: '' };
    else if (code === 49) next = { ...next, paper: '' };
    else if (code === 38 || code === 48) {
      const wanted = codes[at + 1] === 5 ? 2 : codes[at + 1] === 2 ? 4 : 0;
      const colour = codes.slice(at, at + 1 + wanted);
      if (wanted === 0 || colour.length < 1 + wanted || colour.some(part => part > 255)) return next;
      next = code === 38 ? { ...next, ink: colour.join(';') } : { ...next, paper: colour.join(';') };
      at += wanted;
    }
  }
  return next;
};

/**
 * JSON that a terminal may be shown: C1 controls and bidi marks, which JSON leaves as they are, become `\\uXXXX`.
 * A reader gets the same value back.
 */
export const safeJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, undefined, indent).replace(
    /[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
