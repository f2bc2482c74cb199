// The only place for keywords that a play, a block and a task share: what is said outside holds inside, unless that says otherwise.
import { type BecomeWords, layBecome } from '../domain/become.ts';
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import type { Task } from '../domain/task.ts';
import type { Value, Vars } from '../domain/value.ts';
import type { YamlFile } from './yaml.ts';
import { plainValue } from './yaml.ts';
import type { Fields } from './yaml-fields.ts';

/** What holds for a task because of where it stands. */
export type Around = {
  readonly become?: BecomeWords;
  readonly vars: Vars;
  /** The outermost first. */
  readonly when: readonly string[];
  readonly environment: readonly Value[];
  readonly tags: readonly string[];
  readonly ignoreErrors?: string;
  readonly ignoreUnreachable?: string;
  readonly runOnce: boolean;
  readonly fatal: boolean;
  readonly within: NonNullable<Task['within']>;
};

/** What holds where nothing is said. */
export const nothingAround: Around = {
  vars: {},
  when: [],
  environment: [],
  tags: [],
  runOnce: false,
  fatal: false,
  within: [],
};

/** The keywords that {@link readAround} reads. */
export const sharedWords: readonly string[] = [
  ...['become', 'become_user', 'become_method', 'become_flags', 'become_exe', 'vars', 'environment', 'tags'],
  ...['ignore_errors', 'ignore_unreachable', 'run_once', 'any_errors_fatal'],
];

/** Reads the shared keywords, and `when`, of a mapping that stands inside `outer`. A play's variables are its own. */
export const readAround = (file: YamlFile, fields: Fields, outer: Around, of: 'play' | 'block' | 'task'): Result<Around> => {
  const become = fields.become();
  if (!become.ok) return become;
  const vars = fields.vars('vars');
  if (!vars.ok) return vars;
  const when = fields.conditions('when');
  if (!when.ok) return when;
  const tags = readTags(file, fields);
  if (!tags.ok) return tags;
  const environment = readEnvironment(fields);
  if (!environment.ok) return environment;
  const told: Record<string, boolean> = {};
  for (const [key, name] of Object.entries({ run_once: 'runOnce', any_errors_fatal: 'fatal' })) {
    const truth = fields.truth(key);
    if (!truth.ok) return truth;
    if (truth.value !== undefined) told[name] = truth.value;
  }
  const ignored: Record<string, string> = {};
  for (const [key, name] of Object.entries({ ignore_errors: 'ignoreErrors', ignore_unreachable: 'ignoreUnreachable' })) {
    const condition = fields.conditions(key);
    if (!condition.ok) return condition;
    if (condition.value?.[0] !== undefined) ignored[name] = condition.value[0];
  }
  return ok({
    ...outer,
    ...told,
    ...ignored,
    ...((become.value ?? outer.become) !== undefined && { become: layBecome(become.value ?? {}, outer.become) }),
    vars: of === 'play' ? {} : { ...outer.vars, ...vars.value },
    when: [...outer.when, ...(when.value ?? [])],
    environment: [...outer.environment, ...environment.value],
    tags: [...new Set([...outer.tags, ...tags.value])],
  });
};

/** The parts of a task that come from what is around it; what is as usual is left out. */
export const wordsOf = (around: Around) => ({
  vars: around.vars,
  ...(around.become !== undefined && { become: around.become }),
  ...(around.when.length > 0 && { when: around.when }),
  ...(around.environment.length > 0 && { environment: around.environment }),
  ...(around.tags.length > 0 && { tags: around.tags }),
  ...(around.ignoreErrors !== undefined && { ignoreErrors: around.ignoreErrors }),
  ...(around.ignoreUnreachable !== undefined && { ignoreUnreachable: around.ignoreUnreachable }),
  ...(around.runOnce && { runOnce: 'yes' as const }),
  ...(around.fatal && { fatal: 'yes' as const }),
  ...(around.within.length > 0 && { within: around.within }),
});

/** Texts, or one text with commas. */
const readTags = (file: YamlFile, fields: Fields): Result<readonly string[]> => {
  const entry = fields.find('tags');
  if (entry === undefined) return ok([]);
  const nodes = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  const tags: string[] = [];
  for (const node of nodes) {
    if (node.kind !== 'scalar') return file.refuse(node.at, 'tags: must be a tag or a list of them; write for example tags: [setup]');
    tags.push(
      ...node.text
        .split(',')
        .map(tag => tag.trim())
        .filter(tag => tag !== ''),
    );
  }
  return ok(tags);
};

/** A mapping, a list of them, or a template that gives one. */
const readEnvironment = (fields: Fields): Result<readonly Value[]> => {
  const entry = fields.find('environment');
  if (entry === undefined) return ok([]);
  const nodes = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  const wrong = nodes.some(node => node.kind === 'list' || (node.kind === 'scalar' && !node.text.includes('{{')));
  return wrong ? fields.wrong(entry, 'a mapping of names to texts', '{HTTP_PROXY: "http://proxy:3128"}') : ok(nodes.map(plainValue));
};
