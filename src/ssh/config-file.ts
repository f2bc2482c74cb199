// The only place for the grammar of ssh_config: text → lines of a keyword and its arguments, each knowing where it stands.
// What a keyword means, and for which hosts, is for config.ts.
// @see ssh_config(5); quoting and remarks as OpenSSH 9 has them
import { fail, ok, type Result } from '../domain/result.ts';

/** One line. The keyword is in lower case; `rest` is what follows it as it was written, for commands. */
export type ConfigLine = {
  readonly keyword: string;
  readonly args: readonly string[];
  readonly rest: string;
  readonly at: string;
};

/** @failure bad-input, with file, line and column */
export const parseConfigFile = (path: string, text: string): Result<readonly ConfigLine[]> => {
  const lines: ConfigLine[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/[ \t\r\f]+$/, '');
    const found = /^[ \t]*([^ \t="#][^ \t="]*)[ \t]*=?[ \t]*(.*)$/.exec(line);
    if (found === null) {
      if (/^[ \t]*(?:#.*)?$/.test(line)) continue;
      return refuse(path, index + 1, 1, `"${line.trim()}" is no setting; write a keyword and its value`);
    }
    const [, written = '', rest = ''] = found;
    const keyword = written.toLowerCase();
    const column = line.length - rest.length + 1;
    if (rest === '') return refuse(path, index + 1, column, `${written} needs a value; write one behind it, or take the line out`);
    const args = splitArguments(rest);
    if (args === undefined) return refuse(path, index + 1, column, 'a quote is not closed; close it, or put a backslash before it');
    lines.push({ keyword, args, rest, at: `${path}:${index + 1}:${column}` });
  }
  return ok(lines);
};

/** Words between blanks; quotes of both kinds hold together, a backslash takes a quote, a blank or itself by the letter. */
export const splitArguments = (text: string): readonly string[] | undefined => {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    if (char === '\\' && (next === '"' || next === "'" || next === '\\' || (quote === '' && next === ' '))) {
      word = (word ?? '') + next;
      at++;
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === ' ' || char === '\t') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '#' && word === undefined) break;
    else word = (word ?? '') + char;
  }
  if (quote !== '') return undefined;
  if (word !== undefined) words.push(word);
  return words;
};

const refuse = (path: string, line: number, column: number, cause: string): Result<never> =>
  fail({ tag: 'bad-input', cause: `${path}:${line}:${column}: ${cause}` });
