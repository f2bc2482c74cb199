// The only place for what a run is going to do: plays over hosts, in order. An ad hoc command is a play of one task.
// A plan is plays x tasks and a list of hosts per play, never tasks x hosts. Plain JSON: it goes into the journal.
import { type BecomeWords, layBecome } from './become.ts';
import type { Inventory } from './inventory.ts';
import { selectHosts } from './pattern.ts';
import type { Result } from './result.ts';
import { ok } from './result.ts';
import type { ModuleCall, Task } from './task.ts';
import { taskDefaults } from './task.ts';
import type { Vars } from './value.ts';

/** Tasks over the hosts that a pattern chooses. */
export type Play = {
  readonly name: string;
  readonly pattern: string;
  /** In the order in which they are taken; empty until {@link resolveHosts}. */
  readonly hosts: readonly string[];
  readonly vars: Vars;
  /** Hosts per batch, or of each batch in turn (the last repeats); absent, zero or less: all the rest. */
  readonly serial?: number | readonly (number | `${number}%`)[];
  /** The run ends with the batch of which more than this percentage failed. */
  readonly maxFailPercentage?: number;
  /** In which order its hosts are taken; absent: the inventory's. */
  readonly order?: 'inventory' | 'reverse_inventory' | 'sorted' | 'reverse_sorted';
  readonly strategy: 'linear';
  readonly tasks: readonly Task[];
  /** Variables of its roles: defaults are weaker than the inventory's, the others stronger than the play's. */
  readonly roles?: Readonly<Record<string, { readonly defaults: Vars; readonly vars: Vars }>>;
};

/** What one run does. */
export type Plan = {
  readonly title: string;
  readonly plays: readonly Play[];
  /** Name under which only one unfinished run may exist (`--once`). */
  readonly once?: string;
};

/** One command on the hosts of a pattern, as `rollcall run` and the task prompt have it. Times in seconds. */
export type AdHoc = {
  readonly pattern: string;
  /** The whole text; `shell` hands it to /bin/sh, `command` splits it into words. */
  readonly command: string;
  readonly module: 'shell' | 'command';
  readonly async: number;
  readonly poll?: number;
  readonly serial?: number;
  readonly name?: string;
  readonly once?: string;
  readonly noLog?: boolean;
  readonly templates?: 'render' | 'verbatim';
};

/** The plan of an ad hoc command. Its title is the name, or the command's first line. */
export const adHocPlan = (wanted: AdHoc): Plan => {
  const noLog = wanted.noLog ?? false;
  const title = wanted.name ?? (noLog ? wanted.module : firstLine(wanted.command));
  const task: Task = {
    ...taskDefaults,
    path: '0.0',
    name: title,
    module: { name: wanted.module, args: { cmd: wanted.command } },
    async: wanted.async,
    ...(wanted.poll === undefined ? {} : { poll: wanted.poll }),
    noLog,
    templates: wanted.templates ?? taskDefaults.templates,
  };
  const play: Play = {
    name: title,
    pattern: wanted.pattern,
    hosts: [],
    vars: {},
    ...(wanted.serial === undefined ? {} : { serial: wanted.serial }),
    strategy: 'linear',
    tasks: [task],
  };
  return { title, plays: [play], ...(wanted.once === undefined ? {} : { once: wanted.once }) };
};

/** The plan with what flags and settings say of becoming another user below what it says itself. */
export const withBecome = (plan: Plan, words: BecomeWords): Plan =>
  Object.keys(words).length === 0
    ? plan
    : {
        ...plan,
        plays: plan.plays.map(play => ({
          ...play,
          tasks: play.tasks.map(task => ({ ...task, become: layBecome(task.become ?? {}, words) })),
        })),
      };

/** Fills in each play's hosts. A play that matches nobody keeps an empty list. */
export const resolveHosts = (
  plan: Plan,
  inventory: Inventory,
  limit?: string,
): Result<{ readonly plan: Plan; readonly warnings: readonly string[] }> => {
  const plays: Play[] = [];
  const warnings = new Set<string>();
  for (const play of plan.plays) {
    const selected = selectHosts(inventory, play.pattern, limit);
    if (!selected.ok) return selected;
    for (const warning of selected.value.warnings) warnings.add(warning);
    plays.push({ ...play, hosts: inOrder(selected.value.hosts, play.order) });
  }
  return ok({ plan: { ...plan, plays }, warnings: [...warnings] });
};

/**
 * The plan with the tasks that tags choose. Handlers stay: whether they run is for those who notify them.
 * @param only of --tags; `all`, `tagged` and `untagged` have their own meaning
 * @see https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_tags.html
 */
export const selectTags = (plan: Plan, only: readonly string[], skip: readonly string[]): Plan => {
  const chosen = only.length === 0 ? ['all'] : only;
  const isChosen = ({ handler, tags = [] }: Task): boolean => {
    if (handler !== undefined) return true;
    const own = tags.length === 0 ? ['untagged'] : tags;
    const has = (tag: string): boolean => own.includes(tag);
    const wants = (list: readonly string[]): boolean => own.some(tag => list.includes(tag));
    const isIn =
      has('always') || wants(chosen) || (!has('never') && (chosen.includes('all') || (chosen.includes('tagged') && tags.length > 0)));
    const isOut = wants(skip) || (skip.includes('tagged') && tags.length > 0) || (skip.includes('all') && !has('always'));
    return isIn && !isOut;
  };
  return { ...plan, plays: plan.plays.map(play => ({ ...play, tasks: play.tasks.filter(isChosen) })) };
};

const inOrder = (hosts: readonly string[], order: Play['order'] = 'inventory'): readonly string[] => {
  const taken = order.endsWith('sorted') ? hosts.toSorted((a, b) => (a < b ? -1 : 1)) : hosts;
  return order.startsWith('reverse') ? taken.toReversed() : taken;
};

/** The play that has a task at this path. */
export const playWith = (plan: Plan, path: string): Play | undefined => plan.plays.find(play => placeOf(play, path) !== -1);

/** The task at a path. */
export const taskAt = (plan: Plan, path: string): Task | undefined => {
  const play = playWith(plan, path);
  return play?.tasks[placeOf(play, path)];
};

/** Place of a task in its play's list; -1 where it is not in it. */
export const placeOf = (play: Play, path: string): number => {
  let index = places.get(play);
  if (index === undefined) {
    index = new Map(play.tasks.map((task, place) => [task.path, place]));
    places.set(play, index);
  }
  return index.get(path) ?? -1;
};

const places = new WeakMap<Play, ReadonlyMap<string, number>>();

/** A plan as the journal may have it, and the calls of its no-log tasks by path, which stay in memory. */
export type MaskedPlan = { readonly plan: Plan; readonly calls: ReadonlyMap<string, ModuleCall> };

/** Takes the arguments of no-log tasks out of a plan. */
export const maskPlan = (plan: Plan): MaskedPlan => {
  const calls = new Map<string, ModuleCall>();
  const plays = plan.plays.map(play => ({
    ...play,
    tasks: play.tasks.map(task => {
      if (!task.noLog) return task;
      calls.set(task.path, task.module);
      return { ...task, module: { name: task.module.name, args: {} } };
    }),
  }));
  return { plan: { ...plan, plays }, calls };
};

/** The slices in which `serial` takes the hosts; one slice without it. Nobody: no batch. */
export const batchesOf = (hosts: readonly string[], serial?: Play['serial']): readonly (readonly string[])[] => {
  const batches: (readonly string[])[] = [];
  for (let first = 0; first < hosts.length; ) {
    const size = batchSize(serial, { opened: batches.length, left: hosts.length - first, of: hosts.length });
    batches.push(hosts.slice(first, first + size));
    first += size;
  }
  return batches;
};

/** Size of the batch after `opened` ones, with `left` hosts to go of those of the play. Percentages are cut, to one host at least. */
export const batchSize = (serial: Play['serial'], { opened, left, of }: { opened: number; left: number; of: number }): number => {
  const sizes = typeof serial === 'number' ? [serial] : (serial ?? []);
  const said = sizes[Math.min(opened, sizes.length - 1)] ?? 0;
  const size = typeof said === 'number' ? said : Math.max(1, (Number.parseFloat(said) / 100) * of);
  return size <= 0 ? left : Math.min(left, Math.max(1, Math.trunc(size)));
};

const firstLine = (command: string): string => {
  const line = command.trim().split('\n')[0] ?? '';
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
};
