// The only place that reads -e: `k=v k2=v2` (values are text, as in Ansible), a mapping in JSON or YAML, or @FILE with one.
import { resolve } from 'node:path';
import { fail, ok, type Result } from '../domain/result.ts';
import type { Vars } from '../domain/value.ts';
import { type Disk, readText } from '../files/disk.ts';
import { describeNode, parseYaml, varsOf } from '../files/yaml.ts';

/** Later ones win. @param cwd where names of files begin @failure bad-input with file:line:column */
export const readExtraVars = async (given: readonly string[], cwd: string, disk: Disk): Promise<Result<Vars>> => {
  let all: Vars = {};
  for (const text of given) {
    const read = text.startsWith('@')
      ? await fromFile(text.slice(1), cwd, disk)
      : /^\s*[[{]/.test(text)
        ? fromYaml('-e', text)
        : fromPairs(text);
    if (!read.ok) return read;
    const password = text.startsWith('@') ? undefined : Object.keys(read.value).find(name => /^ansible_.*pass/.test(name));
    if (password !== undefined) {
      return fail({
        tag: 'bad-input',
        cause: `-e ${password}: everybody on this machine can read what stands on a command line; use -k, -K or a password file, or -e @FILE`,
      });
    }
    all = { ...all, ...read.value };
  }
  return ok(all);
};

/** What of them says how hosts are reached. */
export const connectionVarsIn = (vars: Vars): Vars | undefined => {
  const found = Object.entries(vars).filter(([name]) => name.startsWith('ansible_'));
  return found.length === 0 ? undefined : Object.fromEntries(found);
};

const fromFile = async (name: string, cwd: string, disk: Disk): Promise<Result<Vars>> => {
  if (name === '') return fail({ tag: 'bad-input', cause: '-e @: write the name of a file behind the @' });
  const text = await readText(disk, resolve(cwd, name), 'file of variables');
  return text.ok ? fromYaml(name, text.value) : text;
};

/** JSON is YAML, too. */
const fromYaml = (name: string, text: string): Result<Vars> => {
  const read = parseYaml(name, text);
  if (!read.ok) return read;
  const { root, sealed, refuse } = read.value;
  if (sealed[0] !== undefined) return refuse(sealed[0].at, 'an encrypted value cannot be given with -e; put it into group_vars');
  if (root === undefined) return ok({});
  if (root.kind !== 'map') return refuse(root.at, `found ${describeNode(root)} where a mapping of variables is expected: name: value`);
  return ok(varsOf(root.entries));
};

const fromPairs = (text: string): Result<Vars> => {
  const pairs: [string, string][] = [];
  for (const [, name = '', quoted, plain] of text.matchAll(/(\S+?)=(?:"([^"]*)"|(\S*))/g)) pairs.push([name, quoted ?? plain ?? '']);
  if (pairs.length === 0) return fail({ tag: 'bad-input', cause: `-e ${text}: write -e name=value or -e '{"name": "value"}'` });
  return ok(Object.fromEntries(pairs));
};
