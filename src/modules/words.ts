// The only place that cuts a command into words as Python's shlex does, and writes words so that sh reads them back.
// @see https://docs.python.org/3/library/shlex.html#parsing-rules
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import { refuse } from './module.ts';

/** Cuts `a "b c" d\ e` into words; the failure is a sentence. */
export const splitWords = (text: string): Result<readonly string[], string> => {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (quote === "'") {
      if (char === "'") quote = '';
      else word += char;
    } else if (char === '\\') {
      const next = text[++at];
      if (next === undefined) return refuse('the command ends in a backslash; double it, or take it out');
      // Inside double quotes only these two are escaped; any other backslash stays.
      word = (word ?? '') + (quote === '"' && next !== '"' && next !== '\\' ? `\\${next}` : next);
    } else if (quote === '"') {
      if (char === '"') quote = '';
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (quote !== '') return refuse(`the command has a ${quote} that nothing closes; close it, or put a backslash before it`);
  if (word !== undefined) words.push(word);
  return ok(words);
};

/** One word for sh, taken by the letter. */
export const quoteWord = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** Words joined so that {@link splitWords} and sh read them back. */
export const joinWords = (words: readonly string[]): string => words.map(quoteWord).join(' ');

/**
 * One word for sh in which a leading `~` and `$NAME` mean what they mean to Ansible's command module:
 * the home folder, and the variable there or, where it is not set, the text itself.
 */
export const quoteExpanding = (word: string): string => {
  const home = /^~(?=\/|$)/.test(word);
  const rest = home ? word.slice(1) : word;
  const written = rest
    .split(/(\$\w+|\$\{\w+\})/)
    .filter(piece => piece !== '')
    .map(piece => {
      const name = /^\$\{?([A-Za-z_]\w*)\}?$/.exec(piece)?.[1];
      return name === undefined ? quoteWord(piece) : `"\${${name}-\\${piece.replace('}', '\\}')}}"`;
    })
    .join('');
  return `${home ? '"$HOME"' : ''}${written}` || "''";
};
