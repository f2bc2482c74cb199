// The only place that writes words so that sh reads them back, and reads those of a command.
import type { Result } from '../domain/result.ts';
import { cutWords } from '../domain/words.ts';
import { refuse } from './module.ts';

/** Cuts the words of a command; the failure is a sentence. */
export const splitWords = (text: string): Result<readonly string[], string> => {
  const words = cutWords(text);
  return words.ok ? words : refuse(`the command ${words.failure}`);
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
