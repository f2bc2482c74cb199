// The only place that edits a line of typed text: pure, a line and a key in, a line out.
// It knows no dialogs and no meaning of what is typed.
import { charactersOf } from './style.ts';

/** A line with its cursor, counted in characters as a person counts them. */
export type Line = { readonly text: string; readonly at: number };

export const emptyLine: Line = { text: '', at: 0 };

/** A line with its cursor at the end. */
export const lineOf = (text: string): Line => ({ text, at: charactersOf(text).length });

/** The line after a key, or undefined when the key means nothing to a line. */
export const edit = (line: Line, key: string): Line | undefined => {
  const characters = charactersOf(line.text);
  const { at } = line;
  switch (key) {
    case 'left':
    case 'ctrl-b':
      return { ...line, at: Math.max(0, at - 1) };
    case 'right':
    case 'ctrl-f':
      return { ...line, at: Math.min(characters.length, at + 1) };
    case 'home':
    case 'ctrl-a':
      return { ...line, at: 0 };
    case 'end':
    case 'ctrl-e':
      return { ...line, at: characters.length };
    case 'backspace':
      return at === 0 ? line : spliced(characters, at - 1, 1);
    case 'delete':
    case 'ctrl-d':
      return spliced(characters, at, 1);
    case 'ctrl-u':
      return spliced(characters, 0, at);
    case 'ctrl-k':
      return spliced(characters, at, characters.length - at);
    case 'ctrl-w': {
      const word = /\S*\s*$/.exec(characters.slice(0, at).join(''))?.[0] ?? '';
      const length = charactersOf(word).length;
      return spliced(characters, at - length, length);
    }
    case 'space':
      return spliced(characters, at, 0, ' ');
    default:
      return isText(key) ? spliced(characters, at, 0, key) : undefined;
  }
};

/** The line with a pasted text in it. Line ends become blanks: a paste is never a key. */
export const pasted = (line: Line, text: string): Line => {
  const clean = charactersOf(text.replace(/[\r\n\t]+/g, ' ').replace(/[\x00-\x1f\x7f-\x9f]/g, ''));
  const characters = charactersOf(line.text);
  characters.splice(line.at, 0, ...clean);
  return { text: characters.join(''), at: line.at + clean.length };
};

/** True for a key that is a character rather than a name. */
export const isText = (key: string): boolean => key === 'space' || charactersOf(key).length === 1;

const spliced = (characters: string[], from: number, away: number, put?: string): Line => {
  characters.splice(from, away, ...(put === undefined ? [] : [put]));
  return { text: characters.join(''), at: from + (put === undefined ? 0 : 1) };
};
