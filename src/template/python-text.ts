// The only place that writes values as Python prints them, since that is what Ansible puts into commands.
// Lost on the way here: a float that is a whole number has no `.0` any more.
import type { Value } from '../domain/value.ts';
import { isMapping } from '../domain/value.ts';

/** As `str()`: what `{{ x }}` becomes inside a text. Nothing is an empty text, as Ansible has it. */
export const pythonText = (value: Value): string => {
  if (value === null) return '';
  return typeof value === 'string' ? value : pythonRepr(value);
};

/** As `repr()`: what a value looks like inside a list. */
export const pythonRepr = (value: Value): string => {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'string') return quoted(value);
  if (isMapping(value))
    return `{${Object.entries(value)
      .map(([key, inner]) => `${quoted(key)}: ${pythonRepr(inner)}`)
      .join(', ')}}`;
  return `[${value.map(pythonRepr).join(', ')}]`;
};

/** Python writes an exponent with two digits at least, and only beyond 16 digits or four zeros. */
const numberText = (value: number): string => {
  if (value === Number.POSITIVE_INFINITY) return 'inf';
  if (value === Number.NEGATIVE_INFINITY) return '-inf';
  if (Number.isNaN(value)) return 'nan';
  const small = value !== 0 && Math.abs(value) < 1e-4;
  const text = small ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
};

const quoted = (text: string): string => {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inside = text.replace(/[\\\n\r\t]/g, char => ({ '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' })[char] ?? char);
  return `${mark}${mark === "'" ? inside.replaceAll("'", "\\'") : inside}${mark}`;
};

/** How JSON is written. */
export type JsonStyle = {
  readonly indent?: number;
  readonly sortKeys?: boolean;
  readonly ensureAscii?: boolean;
  readonly comma?: string;
  readonly colon?: string;
};

/** As `json.dumps()`: blanks behind commas and colons, everything but ASCII escaped. */
export const pythonJson = (value: Value, style: JsonStyle = {}): string => write(value, style, '\n');

const write = (value: Value, style: JsonStyle, margin: string): string => {
  const { indent, ensureAscii = true, colon = ': ', comma = indent === undefined ? ', ' : ',' } = style;
  const text = (plain: string): string => (ensureAscii ? ascii(plain) : JSON.stringify(plain));
  const inner = indent === undefined ? '' : margin + ' '.repeat(indent);
  const block = (open: string, items: readonly string[], close: string): string =>
    items.length === 0 ? open + close : `${open}${inner}${items.join(comma + inner)}${indent === undefined ? '' : margin}${close}`;
  if (Array.isArray(value))
    return block(
      '[',
      value.map(item => write(item, style, inner)),
      ']',
    );
  if (isMapping(value)) {
    const keys = style.sortKeys === true ? Object.keys(value).sort() : Object.keys(value);
    return block(
      '{',
      keys.map(key => `${text(key)}${colon}${write(value[key] ?? null, style, inner)}`),
      '}',
    );
  }
  if (typeof value === 'string') return text(value);
  return typeof value === 'number' ? numberText(value) : JSON.stringify(value);
};

const ascii = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A word as sh reads it back unchanged. @see Python's shlex.quote */
export const shellQuote = (text: string): string =>
  text !== '' && /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
