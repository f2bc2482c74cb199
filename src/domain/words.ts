// The only place that cuts a text into words as Python's shlex does: commands of Ansible, host lines of INI inventories.
// @see https://docs.python.org/3/library/shlex.html#parsing-rules
import { ok, type Result } from './result.ts';

/** Cuts `a "b c" d\ e` into words; the failure says in half a sentence what is wrong and what to do. `#` may begin a comment. */
export const cutWords = (text: string, comments: 'none' | 'hash' = 'none'): Result<readonly string[], string> => {
  // Thousands of hosts have lines without anything special in them.
  if (!/["'\\#]/.test(text)) return ok(text.split(/\s+/).filter(word => word !== ''));
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
      if (next === undefined) return { ok: false, failure: 'ends in a backslash; double it, or take it out' };
      // Inside double quotes only these two are escaped; any other backslash stays.
      word = (word ?? '') + (quote === '"' && next !== '"' && next !== '\\' ? `\\${next}` : next);
    } else if (quote === '"') {
      if (char === '"') quote = '';
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === '#' && comments === 'hash') break;
    else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (quote !== '') return { ok: false, failure: `has a ${quote} that nothing closes; close it, or put a backslash before it` };
  if (word !== undefined) words.push(word);
  return ok(words);
};
