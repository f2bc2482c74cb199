// The only place that reads -e: `k=v k2=v2` (values are text, as in Ansible) or one JSON object.
import { fail, ok, type Result } from '../domain/result.ts';
import { isMapping, type Value, type Vars } from '../domain/value.ts';

/** Later ones win. @failure bad-input */
export const readExtraVars = (given: readonly string[]): Result<Vars> => {
  let all: Vars = {};
  for (const text of given) {
    const read = text.trimStart().startsWith('{') ? fromJson(text) : fromPairs(text);
    if (!read.ok) return read;
    all = { ...all, ...read.value };
  }
  return ok(all);
};

const fromJson = (text: string): Result<Vars> => {
  try {
    const value = JSON.parse(text) as Value;
    if (isMapping(value)) return ok(value);
  } catch {
    // Told below: what is wrong with it matters less than what it should look like.
  }
  return fail({ tag: 'bad-input', cause: `-e ${text}: this is no JSON object; write -e '{"name": "value"}' or -e name=value` });
};

const fromPairs = (text: string): Result<Vars> => {
  const pairs: [string, string][] = [];
  for (const [, name = '', quoted, plain] of text.matchAll(/(\S+?)=(?:"([^"]*)"|(\S*))/g)) pairs.push([name, quoted ?? plain ?? '']);
  if (pairs.length === 0) return fail({ tag: 'bad-input', cause: `-e ${text}: write -e name=value or -e '{"name": "value"}'` });
  return ok(Object.fromEntries(pairs));
};
