// The only place that makes a world of a number: hosts, runs, an operator's keys, and faults with their moments.
// The same number gives the same world. Times in ms of the world unless they say otherwise.
import type { Plan } from '../../src/domain/plan.ts';
import { type Task, taskDefaults } from '../../src/domain/task.ts';
import { seeded } from '../support/fake-clock.ts';
import { type Cell, cells, connectPhases, deathPhases, wirePhases } from './cells.ts';
import type { Planned } from './fate.ts';

/** A run that somebody asks for. */
export type Submission = {
  readonly at: number;
  readonly id: string;
  readonly hosts: readonly string[];
  readonly plan: Plan;
  readonly poll: number | undefined;
  readonly forks: number;
  readonly giveUp: number;
  readonly askedFrom: 'console' | 'headless';
};

const verbs = ['pause', 'resume', 'cancel', 'cancel-run', 'cancel-host', 'abort', 'retry', 'ask', 'extend', 'watch'] as const;

export type Key = { readonly at: number; readonly verb: (typeof verbs)[number]; readonly which: number };

/** A fault that comes at a moment and not with an operation. */
export type Timed = { readonly at: number; readonly cell: Cell; readonly dice: number };

export type World = {
  readonly seed: number;
  readonly hosts: readonly string[];
  readonly settings: { readonly forks: number; readonly startRate: number; readonly persist: number; readonly lookBytes: number };
  readonly disk: 'memory' | 'sqlite';
  /** Milliseconds that a write takes. */
  readonly writing: number;
  readonly submissions: readonly Submission[];
  readonly keys: readonly Key[];
  readonly planned: readonly Planned[];
  readonly timed: readonly Timed[];
  readonly storm: number;
};

/** Faults that strike with an operation; the others come at their moment. */
const withOperations = new Set<string>([
  ...wirePhases,
  ...connectPhases,
  ...deathPhases.filter(phase => phase !== 'while all wait' && phase !== 'while taking up'),
  'while a start is answered',
  'at a start',
  'at a cancel',
  'at a look',
  'at an intent',
  'at a fact',
]);

/** `rows`: how long the table was when the number was first lived through; rows are only ever added at its end. */
export const makeWorld = (seed: number, rows: number = cells.length): World => {
  const table = cells.slice(0, rows);
  const random = seeded(seed * 7919 + 1);
  const pick = <T>(...of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  const hosts = Array.from({ length: between(1, 7) }, (_, i) => `h${i + 1}`);

  const chosen = Array.from({ length: between(1, 5) }, () => pick(...table));
  // A seed walks through the table as well, so that a few hundred of them meet every cell more than once.
  chosen.push(table[seed % rows] as Cell);
  const planned = chosen
    .filter(({ phase }) => withOperations.has(phase))
    .map(cell => ({ cell, nth: between(1, cell.phase === 'look' || cell.phase.includes('fact') ? 12 : 5), dice: random() }));
  const timed = chosen.filter(({ phase }) => !withOperations.has(phase)).map(cell => ({ at: between(500, 60_000), cell, dice: random() }));

  const keys: Key[] = Array.from({ length: between(0, 5) }, () => ({
    at: between(100, 90_000),
    verb: pick(...verbs),
    which: between(0, 40),
  }));
  for (const { phase } of chosen) {
    const needed = phase.includes('cancel') ? 'cancel' : phase === 'extend' ? 'extend' : undefined;
    if (needed !== undefined) for (let n = 0; n < 5; n += 1) keys.push({ at: between(500, 60_000), verb: needed, which: between(0, 40) });
  }
  const takenOver = chosen.some(({ fault }) => fault === 'another driver takes over');
  const submissions = Array.from({ length: between(1, 3) }, (_, i) => submissionOf(`s${i + 1}`, hosts, { random, pick, between }));
  return {
    seed,
    hosts,
    settings: { forks: between(1, 6), startRate: pick(0, 0, 20), persist: pick(0, 20_000), lookBytes: pick(400, 65_536) },
    disk: !takenOver && random() < 0.12 ? 'sqlite' : 'memory',
    writing: pick(0, 0, 1, 4),
    submissions,
    keys: keys.sort((a, b) => a.at - b.at),
    planned,
    timed,
    storm: pick(0, 0, 0, 0.03, 0.15),
  };
};

type Dice = {
  readonly random: () => number;
  pick<T>(...of: readonly T[]): T;
  between(low: number, high: number): number;
};

const submissionOf = (id: string, hosts: readonly string[], dice: Dice): Submission => {
  const { pick, between, random } = dice;
  const some = hosts.filter(() => random() < 0.8);
  const chosen = some.length === 0 ? hosts : some;
  const plays = Array.from({ length: random() < 0.15 ? 2 : 1 }, (_, play) => ({
    name: `play ${play}`,
    pattern: 'all',
    hosts: chosen,
    vars: {},
    strategy: 'linear' as const,
    ...(random() < 0.35 && { serial: pick<number | readonly number[]>(1, 2, [1, 3]) }),
    tasks: tasksOf(play, dice),
  }));
  return {
    at: between(0, 15_000),
    id,
    hosts: chosen,
    plan: { title: id, plays },
    poll: pick(undefined, undefined, 1, 7),
    forks: between(1, 6),
    giveUp: pick(60, 900, 1800),
    askedFrom: pick('console', 'console', 'headless'),
  };
};

const tasksOf = (play: number, dice: Dice): readonly Task[] => {
  const { pick, between } = dice;
  const tasks: Task[] = [];
  const add = (task: Partial<Task> & Pick<Task, 'module'>): void => {
    tasks.push({ ...taskDefaults, templates: 'verbatim', path: `${play}.${tasks.length}`, name: `task ${tasks.length}`, ...task });
  };
  const work = (seconds: number): Task['module'] => ({
    name: 'shell',
    args: { cmd: `work ${seconds} ${pick(0, 0, 0, 0, 3)} ${pick(0, 10, 900, 20_000)} ${pick(0, 0, 300)}` },
  });
  for (let left = between(1, 2); left > 0; left -= 1) {
    switch (pick('sync', 'poll', 'poll', 'let go', 'begin and come back', 'until')) {
      case 'sync':
        add({ module: work(between(0, 20)) });
        break;
      case 'poll':
        add({ module: work(pick(0, 3, 30, 80, 400)), async: pick(10, 600, 3600) });
        break;
      case 'let go':
        add({ module: work(between(1, 60)), async: 600, poll: 0 });
        break;
      case 'begin and come back': {
        const begun = `begun${tasks.length}`;
        add({ module: work(between(1, 60)), async: 600, poll: 0, register: begun });
        const args = { jid: `{{ ${begun}.ansible_job_id }}` };
        const wait = { name: 'async_status', args } as const;
        add({ module: wait, until: ['result.finished'], retries: 12, delay: 8, register: 'result', templates: 'render' });
        break;
      }
      case 'until':
        add({
          module: work(between(0, 5)),
          async: pick(0, 60),
          until: ['tried.rc == 0'],
          retries: between(0, 2),
          delay: 3,
          register: 'tried',
          templates: 'render',
        });
        break;
    }
  }
  return tasks;
};
