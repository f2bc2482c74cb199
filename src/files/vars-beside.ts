// The only place that finds `group_vars` and `host_vars` in a folder: a file or a folder of files for each group and host.
// A name is looked for as Ansible does: bare first (a folder is read whole), then with .yml, .yaml, .json; the first one counts.
import { extname, join } from 'node:path';
import type { VarsBeside } from '../domain/inventory.ts';
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import { layVars, type Vars } from '../domain/value.ts';
import type { ClosedValues } from './closed-values.ts';
import type { Disk } from './disk.ts';
import { readText } from './disk.ts';
import { isVault } from './vault.ts';
import { describeNode, parseYaml, varsOf } from './yaml.ts';
import { isNothing } from './yaml-fields.ts';

/** What was found, and the texts it was read from, in order. */
type Beside = { readonly vars: VarsBeside; readonly texts: readonly string[] };

/** Reads the variables of these groups and hosts; other files there are not touched. @failure bad-input */
export const readVarsBeside = async (
  folder: string,
  names: { readonly groups: ReadonlySet<string>; readonly hosts: ReadonlySet<string> },
  disk: Disk,
  closed: ClosedValues,
): Promise<Result<Beside>> => {
  const texts: string[] = [];
  const readAll = async (path: string, wanted: ReadonlySet<string>): Promise<Result<ReadonlyMap<string, Vars>>> => {
    const found = await disk(path);
    const vars = new Map<string, Vars>();
    if (found.kind !== 'folder') return ok(vars);
    const there = new Set(found.names);
    for (const name of wanted) {
      const named = endings.map(ending => `${name}${ending}`).find(candidate => there.has(candidate));
      if (named === undefined) continue;
      const read = await readFiles(join(path, named), { disk, texts, closed });
      if (!read.ok) return read;
      vars.set(name, read.value);
    }
    return ok(vars);
  };
  const groups = await readAll(join(folder, 'group_vars'), names.groups);
  if (!groups.ok) return groups;
  const hosts = await readAll(join(folder, 'host_vars'), names.hosts);
  if (!hosts.ok) return hosts;
  return ok({ vars: { groups: groups.value, hosts: hosts.value }, texts });
};

const endings = ['', '.yml', '.yaml', '.json'];

type Reading = { readonly disk: Disk; readonly texts: string[]; readonly closed: ClosedValues };

/** A file, or the files of a folder in order; what comes later wins. */
const readFiles = async (path: string, reading: Reading): Promise<Result<Vars>> => {
  const { disk } = reading;
  const found = await disk(path);
  if (found.kind !== 'folder') return readVarsFile(path, { ...reading, disk: async () => found });
  let vars: Vars = {};
  for (const name of found.names) {
    if (name.startsWith('.') || name.endsWith('~') || !endings.includes(extname(name))) continue;
    const inside = join(path, name);
    // A folder in it counts only with a bare name.
    if (extname(name) !== '' && (await disk(inside)).kind === 'folder') continue;
    const read = await readFiles(inside, reading);
    if (!read.ok) return read;
    vars = layVars(vars, read.value);
  }
  return ok(vars);
};

const readVarsFile = async (path: string, { disk, texts, closed }: Reading): Promise<Result<Vars>> => {
  const text = await readText(disk, path, 'variables file');
  if (!text.ok) return text;
  texts.push(text.value);
  if (!isVault(text.value)) return readVars(path, text.value, closed);
  const opened = await closed.openFile(path, text.value);
  if (!opened.ok) {
    // Told by whoever needs variables; names of hosts don't.
    closed.locked.push(opened.failure.cause ?? path);
    return ok({});
  }
  const read = readVars(path, opened.value, closed);
  return read.ok ? ok(closed.close(read.value, path)) : read;
};

const readVars = (path: string, text: string, closed: ClosedValues): Result<Vars> => {
  const parsed = parseYaml(path, text);
  if (!parsed.ok) return parsed;
  closed.note(parsed.value);
  const { root, refuse } = parsed.value;
  if (root === undefined || isNothing(root)) return ok({});
  if (root.kind === 'map') return ok(varsOf(root.entries));
  return refuse(root.at, `a variables file is a mapping of variables, found ${describeNode(root)}; write \`name: value\``);
};
