// The only place for filters that write values in other forms and read them back: JSON, YAML, base64, hashes, UUIDs.
import { createHash, getHashes } from 'node:crypto';
import type { DocumentOptions, ParseOptions, ScalarTag, SchemaOptions, ToJSOptions } from 'yaml';
import { parseAllDocuments, parse as parseYaml } from 'yaml';
import type { Value } from '../domain/value.ts';
import type { Filters, Given } from './filter.ts';
import { bounded, tooMuch, wrong } from './filter.ts';
import { type JsonStyle, pythonJson, pythonText } from './python-text.ts';
import { pythonYaml } from './python-yaml.ts';

/** By the names that expressions use. */
export const encodingFilters: Filters = {
  to_json: (value, given) => pythonJson(value, styleOf(given, {})),
  tojson: value => pythonJson(value, { sortKeys: true }).replace(/[<>&']/g, char => `\\u00${char.charCodeAt(0).toString(16)}`),
  to_nice_json: (value, given) => pythonJson(value, styleOf(given, { indent: 4, sortKeys: true, comma: ',', colon: ': ' })),
  from_json: value => {
    try {
      return JSON.parse(pythonText(value)) as Value;
    } catch {
      return wrong(`this is no JSON: ${pythonText(value).slice(0, 60)}`);
    }
  },
  to_yaml: (value, given) =>
    pythonYaml(value, { indent: given.number(99, 'indent', 2), sortKeys: given.flag(99, 'sort_keys', true), flow: 'innermost' }),
  to_nice_yaml: (value, given) =>
    pythonYaml(value, { indent: given.number(0, 'indent', 4), sortKeys: given.flag(99, 'sort_keys', true), flow: 'never' }),
  from_yaml: value => (typeof value === 'string' ? readYaml(() => parseYaml(value, yamlOptions)) : value),
  from_yaml_all: value =>
    typeof value === 'string'
      ? readYaml(() => {
          const read = parseAllDocuments(value, yamlOptions);
          return (Array.isArray(read) ? read : []).map(document => document.toJS({ maxAliasCount: 100 }));
        })
      : value,
  b64encode: (value, given) => Buffer.from(pythonText(value), codingOf(given)).toString('base64'),
  b64decode: (value, given) =>
    new TextDecoder(given.text(0, 'encoding', 'utf-8') === 'utf-16-le' ? 'utf-16le' : 'utf-8', { ignoreBOM: true }).decode(
      Buffer.from(pythonText(value), 'base64'),
    ),
  md5: value => hashOf('md5', value),
  sha1: value => hashOf('sha1', value),
  checksum: value => hashOf('sha1', value),
  hash: (value, given) => {
    const name = given.text(0, 'hashtype', 'sha1').toLowerCase().replace('_', '-');
    return getHashes().includes(name) ? hashOf(name, value) : wrong(`unsupported hash type ${name}`);
  },
  to_uuid: (value, given) => {
    const space = given.text(0, 'namespace', '361E6D51-FAEC-444A-9079-341386DA8E2E').replaceAll('-', '');
    if (!/^[0-9a-f]{32}$/i.test(space)) wrong("Invalid value for 'namespace': badly formed hexadecimal UUID string");
    const hash = createHash('sha1').update(Buffer.from(space, 'hex')).update(pythonText(value)).digest();
    hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
    hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
    return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  },
};

const styleOf = (given: Given, base: JsonStyle): JsonStyle => {
  const separators = given.value(99, 'separators');
  const indent = given.value(0, 'indent');
  if (typeof indent === 'number') bounded(indent, 100);
  return {
    ...base,
    ...(typeof indent === 'number' && { indent }),
    ...(given.has(1, 'sort_keys') && { sortKeys: given.flag(1, 'sort_keys') }),
    ...(given.has(99, 'ensure_ascii') && { ensureAscii: given.flag(99, 'ensure_ascii') }),
    ...(Array.isArray(separators) && { comma: pythonText(separators[0] ?? ','), colon: pythonText(separators[1] ?? ':') }),
  };
};

/** As Ansible's: `yes` is true, and one text may not stand for a million others. */
const yamlOptions: ParseOptions & DocumentOptions & SchemaOptions & ToJSOptions = {
  version: '1.1',
  logLevel: 'error',
  maxAliasCount: 100,
  uniqueKeys: false,
  customTags: tags =>
    tags.map(tag => (typeof tag === 'object' && tag.tag === 'tag:yaml.org,2002:bool' ? withoutLetters(tag as ScalarTag) : tag)),
};

/** PyYAML knows `yes` and `on`, but takes `y` and `n` for text. */
const withoutLetters = (tag: ScalarTag): ScalarTag => ({
  ...tag,
  test: tag.test?.test('y') === true ? /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/ : /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/,
});

const readYaml = (read: () => unknown): Value => {
  try {
    return dataOf(read());
  } catch (error) {
    return error instanceof RangeError || /call stack/.test(String(error))
      ? tooMuch()
      : wrong(`this is no YAML: ${(error as Error).message.split('\n')[0] ?? ''}`);
  }
};

/** Dates become text, what YAML has besides becomes data. */
const dataOf = (value: unknown): Value => {
  if (value === null || value === undefined) return null;
  if (value instanceof Date)
    return value
      .toISOString()
      .replace(/T00:00:00\.000Z$/, '')
      .replace('T', ' ')
      .replace(/(?:\.000)?Z$/, '');
  if (Array.isArray(value)) return value.map(dataOf);
  if (value instanceof Map || value instanceof Set) return wrong('this YAML holds what is no data');
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, dataOf(inner)]));
  return typeof value === 'bigint' ? String(value) : (value as Value);
};

const codingOf = (given: Given): BufferEncoding => (given.text(0, 'encoding', 'utf-8') === 'utf-16-le' ? 'utf16le' : 'utf8');

const hashOf = (name: string, value: Value): string => createHash(name).update(pythonText(value)).digest('hex');
