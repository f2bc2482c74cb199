// The only place that says which task of a play comes after which on one host: blocks with rescue and always, handlers.
// A play's tasks stand in one list: those of a block, of its rescue, of its always; handlers wherever they are due.
// A host goes forward in that list, past what is not for it.
import { type Play, placeOf } from './plan.ts';
import type { Task } from './task.ts';

/** Where a host is in a play; plain data. */
export type Course = {
  /** The batch in which it goes this way. */
  readonly batch: number;
  /** Path of the task that comes next; absent: it is through, or out. */
  readonly next?: string;
  /** It is out of the play since this task. */
  readonly out?: Out;
  /** Blocks that failed here and were not left yet, the innermost last: their rescue is under way, or only their always. */
  readonly troubled: readonly { readonly block: string; readonly as: 'rescuing' | 'failing'; readonly path: string }[];
  /** Handlers to run where they are next due. */
  readonly notified: readonly number[];
};

type Out = { readonly path: string; readonly how: 'failed' | 'unreachable' };

/** How a task counts for what comes next. */
export type Outcome = { readonly how: 'well' | Out['how']; readonly changed: boolean };

/** The course of a host that comes to a task from outside: at the play's beginning, or in a retry. */
export const courseAt = ({ path, within = [], handler }: Task, batch: number): Course => ({
  batch,
  next: path,
  troubled: within.filter(({ part }) => part === 'rescue').map(({ block }) => ({ block, as: 'rescuing', path })),
  notified: handler === undefined ? [] : [handler],
});

const firstTask = (play: Play): Task | undefined => play.tasks.find(task => isFor(task, { troubled: [], notified: [] }));

/** The course after a task has ended. A failure is looked after by the nearest rescue; nothing looks after unreachable. */
export const courseAfter = (play: Play, before: Course, task: Task, { how, changed }: Outcome): Course => {
  const { next: _, ...course } = before;
  const left = course.notified.filter(handler => handler !== task.handler);
  const notified = changed ? [...new Set([...left, ...(task.notifies ?? [])])] : left;
  const { path } = task;
  if (how === 'unreachable') return { ...course, notified, troubled: [], out: { path, how } };
  const went = { ...course, notified };
  return goOn(play, how === 'well' ? went : failing(play, went, task.within ?? [], path), placeOf(play, path));
};

/** A host's row, as far as its course depends on it. */
type Row = { readonly dropped?: 'yes'; readonly course?: Course; readonly out?: { readonly path: string } };

/** The task that comes next on a host in a batch. A retry brings a host back in at the task that put it out. */
export const nextPath = (
  play: Play,
  batch: { readonly number: number; readonly kind: 'first' | 'retry' },
  row: Row,
): string | undefined => {
  if (row.dropped !== undefined) return undefined;
  if (row.course?.batch === batch.number) return row.course.next;
  if (batch.kind === 'retry') return row.out?.path;
  return row.out === undefined ? firstTask(play)?.path : undefined;
};

/** Whether the failure of a task is looked after by the rescue of a block around it. */
export const isRescued = (play: Play, { within = [] }: Task): boolean =>
  within.some(({ block, part }) => part === 'block' && blocksOf(play).get(block)?.parts.has('rescue'));

type Within = NonNullable<Task['within']>;

/** What a failure inside these blocks leads to: the innermost that has something left to do for it does it. */
const failing = (play: Play, course: Course, within: Within, path: string): Course => {
  for (const [depth, { block, part }] of [...within.entries()].reverse()) {
    const parts = blocksOf(play).get(block)?.parts;
    const troubled = course.troubled.filter(trouble => !within.slice(depth).some(inner => inner.block === trouble.block));
    if (part === 'block' && parts?.has('rescue')) return { ...course, troubled: [...troubled, { block, as: 'rescuing', path }] };
    if (part !== 'always' && parts?.has('always')) return { ...course, troubled: [...troubled, { block, as: 'failing', path }] };
  }
  return { ...course, troubled: [], out: { path, how: 'failed' } };
};

const goOn = (play: Play, from: Course, at: number): Course => {
  let course = from;
  for (let next = at + 1; course.out === undefined; next += 1) {
    const task = play.tasks[next];
    course = leaveBlocks(play, course, task?.within ?? []);
    if (task === undefined) return course;
    if (course.out === undefined && isFor(task, course)) return { ...course, next: task.path };
  }
  return course;
};

/** Blocks that do not reach to where the host is now: a rescue that came to its end has saved it, else the failure goes outwards. */
const leaveBlocks = (play: Play, from: Course, within: Within): Course => {
  let course = from;
  for (let trouble = course.troubled.at(-1); trouble !== undefined; trouble = course.troubled.at(-1)) {
    const { block, as, path } = trouble;
    const inside = within.find(around => around.block === block);
    if (inside !== undefined && (as === 'failing' || inside.part !== 'always')) return course;
    course = { ...course, troubled: course.troubled.slice(0, -1) };
    if (as === 'failing') course = failing(play, course, blocksOf(play).get(block)?.outside ?? [], path);
  }
  return course;
};

const isFor = ({ within = [], handler }: Task, { troubled, notified }: Pick<Course, 'troubled' | 'notified'>): boolean =>
  (handler === undefined || notified.includes(handler)) &&
  within.every(({ block, part }) => {
    const trouble = troubled.find(one => one.block === block);
    return part === 'block' ? trouble === undefined : part === 'always' || trouble?.as === 'rescuing';
  });

/** The blocks around each block, and the parts it has. */
type Blocks = ReadonlyMap<string, { readonly outside: Within; readonly parts: ReadonlySet<string> }>;

const known = new WeakMap<Play, Blocks>();

const blocksOf = (play: Play): Blocks => {
  const before = known.get(play);
  if (before !== undefined) return before;
  const blocks = new Map<string, { readonly outside: Within; readonly parts: Set<string> }>();
  for (const { within = [] } of play.tasks) {
    for (const [depth, { block, part }] of within.entries()) {
      const found = blocks.get(block) ?? { outside: within.slice(0, depth), parts: new Set<string>() };
      blocks.set(block, found);
      found.parts.add(part);
    }
  }
  known.set(play, blocks);
  return blocks;
};
