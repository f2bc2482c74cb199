// Synthetic fleets and what happened on them, for tests of the console: real events through the real reduce, a clock that stands still,
// a link that answers from memory and remembers what it was asked.
import { type Clock, makeSession, type Session } from '../../src/app/session.ts';
import type { Event, Fleet } from '../../src/domain/event.ts';
import { type Jid, jidOf, type Verdict } from '../../src/domain/job.ts';
import { adHocPlan, batchesOf } from '../../src/domain/plan.ts';
import { reduce, reduceSighting } from '../../src/domain/reduce.ts';
import { emptyState, type State } from '../../src/domain/run-state.ts';
import type { Answers, Ask, Link, Push } from '../../src/driver/protocol.ts';

/** Tuesday, 24 June 2025, 22:47:09 UTC. */
export const wallNow = Date.UTC(2025, 5, 24, 22, 47, 9);

export const operator = { user: 'ops1', machine: 'bastion1' } as const;

/** A fleet of groups with hosts, such as `{ web: ['web1', 'web2'] }`. */
export const fleetOf = (groups: Readonly<Record<string, readonly string[]>>, facts: Partial<Fleet> = {}): Fleet => ({
  id: 'f1',
  label: 'PRACTICE',
  source: 'practice fleet',
  practice: 'namespaces',
  hosts: Object.entries(groups).flatMap(([group, names]) =>
    names.map(name => ({ name, address: {}, gate: name, groups: [group], vars: {} })),
  ),
  ...facts,
});

/** `numbered('web', 3, 3)`: web001, web002, web003. */
export const numbered = (prefix: string, count: number, width: number, from = 1): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${String(from + at).padStart(width, '0')}`);

/** The practice fleet's twelve. */
export const practiceFleet = fleetOf({
  canary: ['canary1'],
  web: numbered('web', 5, 1),
  db: numbered('db', 3, 1),
  edge: numbered('edge', 3, 1),
});

/** Writes a story: each call adds events at a time that is told in seconds before now. */
export const storyOf = (fleet: Fleet) => {
  const state: State = emptyState();
  const told: Event[] = [];
  const tell = (event: Event): void => {
    told.push(event);
    reduce(state, event);
  };
  const at = (ago: number): number => wallNow - ago * 1000;
  state.slots = { open: 0, forks: 25, behind: 0 };
  tell({ type: 'fleet.planned', at: at(10_000), fleet });
  return {
    state,
    told,
    tell,
    at,
    /** Queues a run of one command; it has no batch yet. */
    queue: (number: number, command: string, hosts: readonly string[], ago: number, serial?: number): string => {
      const run = `${String(number).padStart(4, '0')}`.padEnd(32, '0');
      const plan = adHocPlan({ pattern: 'all', command, module: 'shell', async: 86_400, ...(serial !== undefined && { serial }) });
      const plays = plan.plays.map(play => ({ ...play, hosts }));
      tell({
        type: 'run.queued',
        at: at(ago),
        by: operator,
        run,
        number,
        fleet: fleet.id,
        plan: { ...plan, plays },
        options: {
          forks: 25,
          giveUp: 1800,
          grace: 30,
          cap: 8_388_608,
          log: 'yes',
          template: 'yes',
          askedFrom: 'console',
          argv: [],
          results: 'registered',
          extraVars: {},
        },
      });
      return run;
    },
    /** Opens a batch of a run by its number from 1. */
    openBatch: (run: string, batch: number, ago: number): void => {
      const play = state.runs.get(run)?.plan.plays[0];
      const all = batchesOf(play?.hosts ?? [], play?.serial);
      const hosts = all[batch - 1] ?? [];
      tell({ type: 'batch.opened', at: at(ago), run, play: 0, batch, of: all.length, hosts, kind: 'first' });
      tell({ type: 'task.opened', at: at(ago), run, path: '0.0', hosts });
    },
    endBatch: (run: string, batch: number, ago: number): void => tell({ type: 'batch.ended', at: at(ago), run, batch }),
    endRun: (run: string, ago: number): void => tell({ type: 'run.ended', at: at(ago), run }),
    request: (run: string, host: string, ago: number): Jid => {
      const jid = jidOf({ runId: run, taskPath: '0.0', host, item: 0, attempt: 1 });
      const command = String(state.runs.get(run)?.plan.plays[0]?.tasks[0]?.module.args['cmd'] ?? '');
      tell({
        type: 'job.requested',
        at: at(ago),
        jid,
        run,
        host,
        path: '0.0',
        attempt: 1,
        command,
        script: command,
        limit: 3600,
        mode: 'poll',
      });
      return jid;
    },
    start: (jid: Jid, ago: number, pid = 18_220): void =>
      tell({ type: 'job.started', at: at(ago), jid, on: { pid, bootId: '5c1e77aa', startedThere: 0, startedAt: at(ago), limit: 3600 } }),
    output: (jid: Jid, length: number, lastLine: string, ago: number): void =>
      tell({
        type: 'job.output',
        at: at(ago),
        jid,
        stream: 'out',
        from: state.jobs.get(jid)?.output.out ?? 0,
        length,
        there: length,
        dropped: 0,
        lastLine,
      }),
    seen: (jid: Jid, ago: number, next: number): void =>
      void reduceSighting(state, { type: 'job.seen', jid, at: at(ago), nextLookAt: wallNow + next * 1000 }),
    end: (jid: Jid, verdict: Verdict, ago: number): void => {
      tell({ type: 'job.ended', at: at(ago), jid, verdict });
      const job = state.jobs.get(jid);
      if (job === undefined) return;
      const status = verdict.kind === 'ok' ? 'changed' : verdict.kind === 'unreachable' ? 'unreachable' : 'failed';
      tell({ type: 'task.ended', at: at(ago), run: job.runId, path: job.taskPath, host: job.host, result: { status } });
    },
  };
};

export type Story = ReturnType<typeof storyOf>;

/** A clock that a test moves. */
export const testClock = () => {
  let now = 0;
  let armed: { readonly at: number; readonly fire: () => void }[] = [];
  return {
    now: () => now,
    wall: () => wallNow + now,
    after: (delay: number, fire: () => void) => {
      const timer = { at: now + delay, fire };
      armed.push(timer);
      return () => {
        armed = armed.filter(other => other !== timer);
      };
    },
    /** Lets time pass; timers fire in order. */
    pass: (ms: number): void => {
      const end = now + ms;
      for (;;) {
        const next = armed.filter(timer => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        armed = armed.filter(other => other !== next);
        now = next.at;
        next.fire();
      }
      now = end;
    },
    /** How many timers are armed. */
    armed: (): number => armed.length,
  };
};

/** A link from memory. `outputs` are the bytes kept of each job's standard output. */
export const testLink = (state: State, outputs: ReadonlyMap<Jid, string> = new Map()) => {
  const asked: Ask[] = [];
  let listener: ((push: Push) => void) | undefined;
  const answer = (ask: Ask): unknown => {
    if (ask.verb === 'submit') return { run: 'r', number: 77, joined: 'no' };
    if (ask.verb === 'output') {
      const bytes = Buffer.from(ask.stream === 'out' ? (outputs.get(ask.jid) ?? '') : '');
      const from = ask.from < 0 ? Math.max(0, bytes.length + ask.from) : ask.from;
      return { from, size: bytes.length, base64: bytes.subarray(from, from + ask.most).toString('base64') };
    }
    if (ask.verb === 'adopt') {
      const looked = ask.hosts.map(host => ({ host, account: 'ops', home: '/home/ops' }));
      return { jobs: [], looked, unasked: [], refused: [], skipped: 0 } satisfies Answers['adopt'];
    }
    return { touched: 1 };
  };
  const link: Link = {
    ask: async ask => {
      asked.push(ask);
      return { ok: true, value: answer(ask) as never };
    },
    onPush: next => {
      listener = next;
      next({ kind: 'snapshot', state });
      return () => {
        listener = undefined;
      };
    },
    status: { pid: 4711, driver: 'd', epoch: 1, version: '0.1.0', stateDir: '/tmp/x', forks: 25, open: 0, running: 0 },
    close: () => {},
  };
  return { link, asked, push: (push: Push): void => listener?.(push) };
};

/** Hosts of a fleet by a pattern of names and groups, separated by commas; ranges such as `web[1-3]` too. */
const chooseFrom = (fleet: Fleet) => (pattern: string) => {
  const parts = pattern
    .split(/,(?![^[]*\])/)
    .map(part => part.trim())
    .filter(part => part !== '');
  if (parts.length === 0)
    return { ok: false, failure: { tag: 'bad-input', cause: 'the pattern is empty; write all if you mean every host' } } as const;
  const wanted = parts.flatMap(part => expand(part));
  const hosts = fleet.hosts
    .filter(host => wanted.some(name => name === 'all' || name === host.name || host.groups.includes(name)))
    .map(host => host.name);
  return { ok: true, value: { hosts, warnings: [] } } as const;
};

const expand = (part: string): string[] => {
  const cut = /^(.*)\[([\d,-]+)\](.*)$/.exec(part);
  if (cut === null) return [part];
  return (cut[2] ?? '').split(',').flatMap(range => {
    const [from = '', to = from] = range.split('-');
    return Array.from(
      { length: Number(to) - Number(from) + 1 },
      (_, at) => `${cut[1]}${String(Number(from) + at).padStart(from.length, '0')}${cut[3]}`,
    );
  });
};

/** A session over a story, with everything a test wants to look at. */
export const sessionOver = (
  fleet: Fleet,
  story: Story = storyOf(fleet),
  outputs: ReadonlyMap<Jid, string> = new Map(),
  ownClock?: Clock,
) => {
  const clock = testClock();
  const wire = testLink(story.state, outputs);
  const session: Session = makeSession({
    link: wire.link,
    fleet,
    clock: ownClock ?? clock,
    chooseHosts: chooseFrom(fleet),
    planAdoption: (hosts, become) => ({ verb: 'adopt', fleet, hosts, become }),
    planTask: task => ({
      verb: 'submit',
      fleet,
      plan: adHocPlan({
        pattern: task.pattern,
        command: task.command,
        module: 'shell',
        async: 86_400,
        name: `${task.command} (${task.pace})`,
      }),
      options: {
        forks: 25,
        giveUp: 1800,
        grace: 30,
        cap: 8_388_608,
        log: 'yes',
        template: 'yes',
        askedFrom: 'console',
        argv: [...task.hosts],
        results: 'registered',
        extraVars: {},
      },
    }),
    comeBack: 'npm start',
    limit: 86_400,
  });
  clock.pass(300);
  return { session, clock, ...wire, story };
};
