// The only place that reads what a task is repeated for: loop, with_items and their kin, loop_control.
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import type { Loop } from '../domain/task.ts';
import { plainValue, type YamlFile } from './yaml.ts';
import { Fields, hasTemplate, isVariableName } from './yaml-fields.ts';
import type { YamlEntry } from './yaml-node.ts';

/** Keywords that {@link readLoop} reads. */
export const loopWords: readonly string[] = ['loop', 'with_items', 'with_list', 'with_dict', 'loop_control'];

const kinds = { loop: 'list', with_list: 'list', with_items: 'items', with_dict: 'dict' } as const;

/** The loop of a task; undefined where it is done once. */
export const readLoop = (file: YamlFile, fields: Fields): Result<Loop | undefined> => {
  const [entry, second] = Object.keys(kinds).flatMap(key => fields.find(key) ?? []);
  const control = readControl(file, fields.find('loop_control'));
  if (!control.ok) return control;
  if (entry === undefined) return ok(undefined);
  if (second !== undefined) return file.refuse(second.at, `${second.key} and ${entry.key} cannot both be there; take one of them out`);
  const { key, value } = entry;
  const isTemplate = value.kind === 'scalar' && hasTemplate(value.text);
  const fits =
    key === 'loop' || key === 'with_list' ? value.kind === 'list' : key === 'with_dict' ? value.kind === 'map' : value.kind !== 'map';
  if (!isTemplate && !fits) {
    return fields.wrong(
      entry,
      key === 'with_dict' ? 'a mapping, or a template that gives one' : 'a list, or a template that gives one',
      '[a, b]',
    );
  }
  return ok({ over: plainValue(value), as: kinds[key as keyof typeof kinds], variable: 'item', ...control.value });
};

/** `label` only matters to Ansible's own output. */
const readControl = (file: YamlFile, entry: YamlEntry | undefined): Result<Partial<Loop>> => {
  if (entry === undefined) return ok({});
  if (entry.value.kind !== 'map') return file.refuse(entry.value.at, 'loop_control: must be a mapping; write for example {loop_var: one}');
  const fields = new Fields(file, entry.value);
  for (const { key, at } of fields.entries) {
    if (['loop_var', 'index_var', 'label', 'pause'].includes(key)) continue;
    return file.refuse(at, `${key} is not supported in loop_control yet; take it out, or run this playbook with ansible-playbook`);
  }
  const control: Record<string, string | number> = {};
  for (const [key, name] of Object.entries({ loop_var: 'variable', index_var: 'index' })) {
    const variable = fields.text(key, 'one');
    if (!variable.ok) return variable;
    if (variable.value === undefined) continue;
    if (!isVariableName(variable.value))
      return file.refuse(fields.find(key)?.value.at ?? entry.at, `"${variable.value}" cannot name a variable`);
    control[name] = variable.value;
  }
  const pause = fields.whole('pause', ' of seconds', 3, 0);
  if (!pause.ok) return pause;
  return ok({ ...control, ...(pause.value !== undefined && { pause: pause.value }) });
};
