// The only place that writes values as Python prints them, since that is what Ansible puts into commands.
// Lost on the way here: a float that is a whole number has no `.0` any more.
import type { Value } from '../domain/value.ts';
import { isMapping } from '../domain/value.ts';

/** As `str()`: what `{{ x }}` becomes inside a text. Nothing is an empty text, as Ansible has it. */
export const pythonText = (value: Value): string => {
  if (value === null) return '';
  return typeof value === 'string' ? value : repr(value);
};

/** As `repr()`: what a value looks like inside a list. */
const repr = (value: Value): string => {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return quoted(value);
  if (isMapping(value))
    return `{${Object.entries(value)
      .map(([key, inner]) => `${quoted(key)}: ${repr(inner)}`)
      .join(', ')}}`;
  return `[${value.map(repr).join(', ')}]`;
};

const quoted = (text: string): string => {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inside = text.replace(/[\\\n\r\t]/g, char => ({ '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' })[char] ?? char);
  return `${mark}${mark === "'" ? inside.replaceAll("'", "\\'") : inside}${mark}`;
};

/** As `json.dumps()`: blanks behind commas and colons, everything but ASCII escaped. */
export const pythonJson = (value: Value): string => {
  if (Array.isArray(value)) return `[${value.map(item => pythonJson(item)).join(', ')}]`;
  if (isMapping(value))
    return `{${Object.entries(value)
      .map(([key, inner]) => `${ascii(key)}: ${pythonJson(inner)}`)
      .join(', ')}}`;
  return typeof value === 'string' ? ascii(value) : JSON.stringify(value);
};

const ascii = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A word as sh reads it back unchanged. @see Python's shlex.quote */
export const shellQuote = (text: string): string =>
  text !== '' && /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
