// The only place for the shape of Ansible's json callback: plays, tasks, hosts, stats. Ours stands under `rollcall_`.
// Written once, at the end. @see https://docs.ansible.com/ansible/latest/collections/ansible/posix/json_callback.html
import type { Event, EventOf } from '../domain/event.ts';
import { countHosts } from '../domain/recap.ts';
import type { HostProgress, Run, State } from '../domain/run-state.ts';
import { safeJson } from '../domain/safe-line.ts';
import type { Task } from '../domain/task.ts';
import type { Output, OutputParts } from './output.ts';

type Told = EventOf<'task.ended'>;

/** Collects what ended and writes one object when the run has. */
export const ansibleJsonOutput = ({ write, run }: OutputParts): Output => {
  const told: Told[] = [];
  const opened = new Map<string, number>();
  return {
    news(events) {
      for (const event of events) note(event, run, told, opened);
    },
    heartbeat() {},
    async ended(state) {
      const known = state.runs.get(run);
      if (known !== undefined) write(`${safeJson(sorted(reportOf(known, state, told, opened)), 4)}\n`);
    },
  };
};

const note = (event: Event, run: string, told: Told[], opened: Map<string, number>): void => {
  if (event.type === 'task.ended' && event.run === run) told.push(event);
  if (event.type === 'task.opened' && event.run === run && !opened.has(event.path)) opened.set(event.path, event.at);
};

const reportOf = (run: Run, state: State, told: readonly Told[], opened: ReadonlyMap<string, number>): unknown => ({
  custom_stats: {},
  global_custom_stats: {},
  plays: run.plan.plays.map((play, number) => {
    const ends = told.filter(({ path }) => path.startsWith(`${number}.`));
    return {
      play: {
        duration: durationOf(run.queuedAt, ends.at(-1)?.at ?? run.queuedAt),
        id: idOf(run, String(number)),
        name: play.name,
        path: positionOf(play.tasks[0]),
      },
      tasks: play.tasks.flatMap(task => {
        const results = told.filter(({ path }) => path === task.path);
        // A handler that nobody notified is no task of the report.
        if (task.handler !== undefined && results.length === 0) return [];
        return {
          hosts: Object.fromEntries(results.map(event => [event.host, hostResult(event, task)])),
          task: {
            duration: durationOf(opened.get(task.path) ?? run.queuedAt, results.at(-1)?.at ?? run.queuedAt),
            id: idOf(run, task.path),
            name: task.name,
            path: positionOf(task),
          },
        };
      }),
    };
  }),
  rollcall_run: { id: run.id, number: run.number, counts: countHosts(run, state.jobs) },
  stats: Object.fromEntries([...run.hosts.values()].filter(hasCounts).map(({ host, tally }) => [host, tally])),
});

/** Ansible counts only hosts that had a result. */
const hasCounts = ({ tally }: HostProgress): boolean => Object.values(tally).some(count => count > 0);

const hostResult = ({ result }: Told, task: Task): unknown => ({
  ...result.value,
  _ansible_no_log: task.noLog,
  action: task.module.name,
  changed: result.value?.['changed'] ?? result.status === 'changed',
  ...(result.status === 'failed' && { failed: true }),
  ...(result.status === 'unreachable' && { unreachable: true }),
  ...(result.status === 'skipped' && { skipped: true, skip_reason: 'Conditional result was False' }),
  ...(result.message !== undefined && result.value === undefined && { msg: result.message }),
});

const durationOf = (from: number, to: number): unknown => ({ start: new Date(from).toISOString(), end: new Date(to).toISOString() });

/** Stable within the run; Ansible's are random UUIDs. */
const idOf = (run: Run, path: string): string => `${run.id.slice(0, 8)}-${path}`;

const positionOf = (task: Task | undefined): string => (task?.position === undefined ? '' : `${task.position.file}:${task.position.line}`);

/** Keys in order at every depth, as Ansible's callback prints them. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
};
