// The only place that knows the folders of a role: tasks, handlers, defaults, vars and what it depends on.
import { join } from 'node:path';
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import type { Vars } from '../domain/value.ts';
import { taskKeywords } from './keywords.ts';
import type { NamedIn, Shelf } from './shelf.ts';
import { describeNode, plainValue, type YamlFile } from './yaml.ts';
import { Fields, hasTemplate, isNothing } from './yaml-fields.ts';
import type { YamlNode } from './yaml-node.ts';

/** A role as a play or a task names it. */
export type RoleCall = {
  readonly name: string;
  /** Name of the file of its tasks, without ending. */
  readonly tasksFrom: string;
  /** Variables that stand with its name. */
  readonly params: Vars;
  readonly named: NamedIn;
  /** The mapping that it was named in, for keywords such as `when`. */
  readonly fields?: Fields;
};

/** What a role's folder holds besides tasks. */
export type Role = { readonly name: string; readonly folder: string; readonly defaults: Vars; readonly vars: Vars };

/** Looks for a role beside the playbook, as `roles/NAME` or NAME. Undefined while files are wanted. */
export const findRole = (shelf: Shelf, playbookFolder: string, { name, named }: RoleCall): Result<Role | undefined> => {
  const before = shelf.wanted.size;
  const folders = [join(playbookFolder, 'roles', name), join(playbookFolder, name)];
  const folder = shelf.first(folders);
  if (shelf.wanted.size > before) return ok(undefined);
  if (folder === undefined) {
    return named.file.refuse(named.at, `there is no role ${name}; it was looked for in ${folders.join(' and ')}`);
  }
  const parts: Record<string, Vars> = {};
  for (const part of ['defaults', 'vars']) {
    const path = mainOf(shelf, folder, part);
    const vars = path === undefined ? ok({}) : shelf.vars(path, named);
    if (!vars.ok) return vars;
    parts[part] = vars.value;
  }
  return ok({ name, folder, defaults: parts['defaults'] ?? {}, vars: parts['vars'] ?? {} });
};

/** `PART/main.yml` of a role, or its like. */
export const mainOf = (shelf: Shelf, folder: string, part: string, name = 'main'): string | undefined =>
  shelf.first(['.yml', '.yaml', ''].map(ending => join(folder, part, `${name}${ending}`)));

/** The roles that a role wants to come before it. */
export const dependenciesOf = (shelf: Shelf, role: Role, named: NamedIn): Result<readonly RoleCall[]> => {
  const path = mainOf(shelf, role.folder, 'meta');
  const opened = path === undefined ? ok(undefined) : shelf.open(path, named);
  if (!opened.ok) return opened;
  const { value: file } = opened;
  if (file?.root?.kind !== 'map') return ok([]);
  const entry = new Fields(file, file.root).find('dependencies');
  return entry === undefined ? ok([]) : readRoles(file, entry.value);
};

/** A list of roles: names, or mappings with `role`. */
export const readRoles = (file: YamlFile, node: YamlNode): Result<readonly RoleCall[]> => {
  if (isNothing(node)) return ok([]);
  if (node.kind !== 'list')
    return file.refuse(node.at, `roles: must be a list of roles, found ${describeNode(node)}; write for example [common]`);
  const calls: RoleCall[] = [];
  for (const item of node.items) {
    const call = item.kind === 'map' ? readNamed(file, new Fields(file, item)) : readName(file, item);
    if (!call.ok) return call;
    calls.push(call.value);
  }
  return ok(calls);
};

const readName = (file: YamlFile, node: YamlNode): Result<RoleCall> => {
  if (node.kind !== 'scalar' || node.text === '') return file.refuse(node.at, `a role is named by a text, found ${describeNode(node)}`);
  if (hasTemplate(node.text)) return file.refuse(node.at, 'the name of a role cannot be a template here yet; write the name itself');
  return ok({ name: node.text, tasksFrom: 'main', params: {}, named: { file, at: node.at } });
};

/** What is no keyword is a variable for the role. */
const readNamed = (file: YamlFile, fields: Fields): Result<RoleCall> => {
  const entry = fields.find('role') ?? fields.find('name');
  if (entry === undefined) return file.refuse(fields.at, 'this role has no name; write for example `role: common`');
  const call = readName(file, entry.value);
  if (!call.ok) return call;
  const keyword = fields.entries.find(({ key }) => taskKeywords.includes(key) && !roleWords.includes(key));
  if (keyword !== undefined) {
    return file.refuse(
      keyword.at,
      `${keyword.key} is a keyword that is not supported with a role yet; take it out, or give the variable under vars`,
    );
  }
  const params = fields.entries.filter(({ key }) => !roleWords.includes(key)).map(({ key, value }) => [key, plainValue(value)] as const);
  return ok({ ...call.value, params: Object.fromEntries(params), fields });
};

const roleWords: readonly string[] = (
  'role name when tags vars become become_user become_method become_flags become_exe environment ignore_errors ' +
  'ignore_unreachable run_once any_errors_fatal'
).split(' ');
