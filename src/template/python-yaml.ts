// The only place that writes YAML as PyYAML does, which is what Ansible's to_yaml and to_nice_yaml print.
import type { Value } from '../domain/value.ts';
import { isMapping } from '../domain/value.ts';
import { bounded } from './filter.ts';
import { pythonText } from './python-text.ts';

/** `flow`: which lists and mappings stand on one line. */
export type YamlStyle = { readonly indent: number; readonly sortKeys: boolean; readonly flow: 'innermost' | 'never' };

/** A document with its last line end. */
export const pythonYaml = (value: Value, style: YamlStyle): string => {
  bounded(style.indent, 100);
  return `${node(value, style, 0)}\n`;
};

const isNested = (value: Value): boolean => Array.isArray(value) || isMapping(value);

const isEmpty = (value: Value): boolean =>
  Array.isArray(value) ? value.length === 0 : isMapping(value) && Object.keys(value).length === 0;

/** PyYAML writes a collection without collections in it on one line, unless told otherwise. */
const isOnOneLine = (value: Value, { flow }: YamlStyle): boolean =>
  isEmpty(value) || (flow === 'innermost' && !(Array.isArray(value) ? value : Object.values(value as object)).some(isNested));

const keysOf = (value: object, { sortKeys }: YamlStyle): readonly string[] => (sortKeys ? Object.keys(value).sort() : Object.keys(value));

const node = (value: Value, style: YamlStyle, margin: number): string => {
  if (!isNested(value)) return scalar(value, margin + style.indent);
  if (isOnOneLine(value, style)) return onOneLine(value, style);
  const lead = ' '.repeat(margin);
  if (Array.isArray(value)) {
    const blanks = ' '.repeat(style.indent - 1);
    return value
      .map(item =>
        isNested(item) && !isOnOneLine(item, style)
          ? `-${blanks}${node(item, style, margin + style.indent)}`
          : `- ${node(item, style, margin)}`,
      )
      .join(`\n${lead}`);
  }
  const mapping = value as Readonly<Record<string, Value>>;
  return keysOf(mapping, style)
    .map(key => {
      const inner = mapping[key] ?? null;
      if (!isNested(inner) || isOnOneLine(inner, style)) return `${scalar(key)}: ${node(inner, style, margin)}`;
      // A list stands below its key without more of a margin.
      const deeper = Array.isArray(inner) ? margin : margin + style.indent;
      return `${scalar(key)}:\n${' '.repeat(deeper)}${node(inner, style, deeper)}`;
    })
    .join(`\n${lead}`);
};

const onOneLine = (value: Value, style: YamlStyle): string => {
  if (Array.isArray(value)) return `[${value.map(item => onOneLine(item, style)).join(', ')}]`;
  if (!isMapping(value)) return scalar(value);
  return `{${keysOf(value, style)
    .map(key => `${scalar(key)}: ${onOneLine(value[key] ?? null, style)}`)
    .join(', ')}}`;
};

const scalar = (value: Value, margin = 2): string => {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return pythonText(value);
  if (value === '') return "''";
  if (isSpecial.test(value)) return JSON.stringify(value);
  if (isPlain(value)) return value;
  // In quotes one line end more is written than is meant.
  return `'${value.replaceAll("'", "''").replace(/\n+/g, ends => `${ends}\n${' '.repeat(margin)}`)}'`;
};

/** What only double quotes can hold. */
const isSpecial = /[\x00-\x08\x0b-\x1f\x7f\ufeff]|\t| \n|\n /;

const otherThanText =
  /^(?:~|null|true|false|yes|no|on|off|[-+]?[\d_,]+|0x[\da-f_]+|0o?[0-7_]+|0b[01_]+|[-+]?(?:\d[\d_]*)?\.[\d_]*(?:e[-+]\d+)?|[-+]?\.(?:inf)|\.nan|[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)?|\d{4}-\d\d?-\d\d?.*|=|<<)$/i;

const isPlain = (text: string): boolean =>
  !/^[\s\-?:](?:\s|$)|^[,[\]{}#&*!|>'"%@`]|^[\s]|\s$|: |:$| #|\n|^---|^\.\.\./.test(text) &&
  !otherThanText.test(text) &&
  text.trim() === text;
