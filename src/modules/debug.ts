// The only place for the debug module: says a text, or what a variable holds. Nothing goes to the host.
import { ok } from '../domain/result.ts';
import { isMapping, lookUp } from '../domain/value.ts';
import type { Module } from './module.ts';
import { refuse } from './module.ts';

/** `msg` or `var`. `var` is an expression, so it is never rendered before it is read. */
export const debug: Module = (args, reader) => {
  const written = lookUp(args, 'var');
  if (written === undefined || written === null) {
    const message = reader.render(lookUp(args, 'msg') ?? 'Hello world!');
    return message.ok ? ok({ kind: 'local', value: { msg: message.value, changed: false } }) : message;
  }
  if (lookUp(args, 'msg') !== undefined) return refuse("'msg' and 'var' are incompatible options");
  if (Array.isArray(written) || isMapping(written)) return refuse('var must be the name of a variable or an expression');
  const expression = String(written)
    .trim()
    .replace(/^\{\{\s*([^{}]*?)\s*\}\}$/, '$1');
  const value = reader.evaluate(expression);
  if (!value.ok && !isMissing(value.failure)) return value;
  return ok({ kind: 'local', value: { [expression]: value.ok ? value.value : 'VARIABLE IS NOT DEFINED!', changed: false } });
};

/** Ansible's words for a name that is not there. */
const isMissing = (failure: string): boolean => /(?:' is undefined|has no attribute '[^']*'|has no element -?\d+)$/.test(failure);
