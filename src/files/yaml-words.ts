// The only place that turns the yaml library's complaints into sentences with a cure.
import type { YAMLError } from 'yaml';

/** Words for the complaints that people meet; the rest keep the library's own. */
const words: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab indents this line, which YAML does not allow; use spaces',
  MULTIPLE_DOCS: 'a second document begins here; keep one document in a file',
  MISSING_CHAR: '',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping cannot begin inside a value; put quotes round a value that holds ": ", or mend the indentation',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line; put a colon and a blank behind it, or mend the indentation',
  BAD_SCALAR_START: 'a value cannot begin with this character; put quotes round it',
  BAD_DQ_ESCAPE: 'this backslash means nothing inside double quotes; double it, or use single quotes',
  RESOURCE_EXHAUSTION: 'nested too deep; check for a missing bracket',
};

/** The sentence for an error of the library: what is wrong there, and what to do. */
export const explainYamlError = (error: YAMLError, text: string): string => {
  if (isBraceTrap(text, error.pos[0])) return 'a value that begins with {{ must be quoted as a whole; write "{{ … }} …"';
  const quote = /^Missing closing (["'])quote/.exec(error.message)?.[1];
  if (quote !== undefined) return `a quote (${quote}) is open from above to here; close it where its value ends`;
  const [, kind, end] = /^Flow (map|sequence) .* end with a ([\]}])/.exec(error.message) ?? [];
  if (end !== undefined) return `a ${kind === 'map' ? '{' : '['} that opened above is not closed; put ${end} where it ends`;
  const known = words[error.code];
  if (known !== undefined && known !== '') return known;
  return `${lowerFirst(error.message.split('\n')[0] ?? error.message)}; mend the YAML here`;
};

/** True when the line of an offset has a value that begins with `{{`, which YAML reads as a mapping. */
export const isBraceTrap = (text: string, at: number): boolean => {
  const start = text.lastIndexOf('\n', Math.max(0, at - 1)) + 1;
  const end = text.indexOf('\n', at);
  return /(?:^\s*|[:-]\s+)\{\{/.test(text.slice(start, end === -1 ? undefined : end));
};

const lowerFirst = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1);
