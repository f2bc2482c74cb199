// The only place that takes rendered arguments of a known kind out of a module's call.
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import type { Value, Vars } from '../domain/value.ts';
import { lookUp } from '../domain/value.ts';
import type { Reader } from './module.ts';
import { refuse } from './module.ts';

/** A text; numbers are taken as they are written. Absent and nothing are undefined. */
export const textArgument = (args: Vars, name: string, reader: Reader): Result<string | undefined, string> => {
  const rendered = reader.render(lookUp(args, name) ?? null);
  if (!rendered.ok) return rendered;
  const text = asText(rendered.value);
  return text === undefined && rendered.value !== null
    ? refuse(`${name} must be a text, but it is a list, a mapping or a truth value`)
    : ok(text);
};

/** A list of texts. */
export const listArgument = (args: Vars, name: string, reader: Reader): Result<readonly string[] | undefined, string> => {
  const rendered = reader.render(lookUp(args, name) ?? null);
  if (!rendered.ok) return rendered;
  if (rendered.value === null) return ok(undefined);
  const texts = Array.isArray(rendered.value) ? rendered.value.map(asText) : [undefined];
  const words = texts.filter(text => text !== undefined);
  return words.length === texts.length ? ok(words) : refuse(`${name} must be a list of texts`);
};

const asText = (value: Value): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
