// Failures stay in *needs a hand* whichever run is on top, until they are tried again or taken off; what ended well by name only is not done.
import { expect, test } from 'vitest';
import { operator, practiceFleet, type Story, sessionOver, storyOf } from '../../test/support/console.ts';
import type { Jid, Verdict } from '../domain/job.ts';
import { type SafeLine, withoutColours } from '../domain/safe-line.ts';
import { topMode } from './console-state.ts';
import { screenOf } from './screen.ts';

type Over = ReturnType<typeof sessionOver>;

const press = (over: Over, ...keys: readonly string[]): void => {
  for (const key of keys) {
    over.clock.pass(500);
    over.session.keys([key]);
  }
};

const rowsOf = ({ session }: Over): string[] =>
  screenOf(session.store.getState(), 'plain', session.chooseHosts)
    .panes.flatMap(pane => pane.draw())
    .map(row => withoutColours(row as SafeLine).trimEnd());

/** The rows of *needs a hand*. */
const handOf = (over: Over): string[] => {
  const rows = rowsOf(over);
  const from = rows.findIndex(row => row.startsWith('-- needs a hand'));
  const after = rows.slice(from + 1);
  return after.slice(
    0,
    after.findIndex(row => row.startsWith('-- ')),
  );
};

const ok: Verdict = { kind: 'ok', rc: 0, changed: true, elapsed: 1 };
const failed: Verdict = { kind: 'failed', rc: 2, elapsed: 1 };

/** One run of one command that has ended, with the verdicts of its hosts. */
const ran = (story: Story, number: number, command: string, verdicts: Readonly<Record<string, Verdict>>, ago: number): string => {
  const run = story.queue(number, command, Object.keys(verdicts), ago);
  story.openBatch(run, 1, ago);
  for (const [host, verdict] of Object.entries(verdicts)) story.end(story.request(run, host, ago), verdict, ago - 1);
  story.endBatch(run, 1, ago - 1);
  story.endRun(run, ago - 1);
  return run;
};

/** Run 1 failed on web2, was lost on db1; run 2 was fine on both. */
const twoRuns = (): Story => {
  const story = storyOf(practiceFleet);
  ran(story, 1, 'apt-get upgrade', { web2: failed, db1: { kind: 'lost', why: 'reboot', elapsed: 1 }, web3: ok }, 600);
  ran(story, 2, 'uptime', { web2: ok, db1: ok, web3: ok }, 60);
  return story;
};

test('failures of a run that is no longer in focus stay, with the name of their task, and are counted', () => {
  const over = sessionOver(practiceFleet, twoRuns());
  expect(handOf(over).map(row => row.slice(0, 52).trim())).toEqual([
    'L db1        lost 9m59s        1 apt-get upgrade',
    'F web2       failed 9m59s      1 apt-get upgrade',
  ]);
  expect(rowsOf(over)[1]).toContain('FAIL 1  LOST 1');
  expect(rowsOf(over).join('\n')).toContain('web2    D done');
});

test('a failure of the run in focus needs no name', () => {
  const story = storyOf(practiceFleet);
  ran(story, 1, 'apt-get upgrade', { web2: failed }, 60);
  expect(handOf(sessionOver(practiceFleet, story)).join()).not.toContain('apt-get');
});

test('] goes to the failed job itself: preview, Enter and R are about that one', () => {
  const over = sessionOver(practiceFleet, twoRuns());
  press(over, ']', ']');
  expect(handOf(over)[1]).toMatch(/^>F web2/);
  expect(rowsOf(over).join('\n')).toContain('-- web2  F failed rc 2');
  press(over, 'R');
  expect(topMode(over.session.store.getState().view)).toMatchObject({
    kind: 'retry',
    run: '0001'.padEnd(32, '0'),
    failed: ['web2', 'db1'],
  });
  press(over, 'esc', 'enter');
  expect(rowsOf(over)[1]).toContain('F FAILED RC 2');
  press(over, 'esc', 'j', 'k');
  expect(rowsOf(over).join('\n')).toContain('-- web2  D done');
});

test('a retry, or a later run of the same task, deals with a failure; another task does not', () => {
  const story = twoRuns();
  story.tell({ type: 'run.retried', at: story.at(5), run: '0001'.padEnd(32, '0'), hosts: ['web2'] });
  expect(handOf(sessionOver(practiceFleet, story)).join()).not.toContain('web2');
  const again = twoRuns();
  ran(again, 3, 'apt-get upgrade', { web2: ok }, 30);
  const left = handOf(sessionOver(practiceFleet, again)).join();
  expect(left).not.toContain('web2');
  expect(left).toContain('db1');
});

test('D takes the line under the cursor off the list, says which, and brings it back', () => {
  const over = sessionOver(practiceFleet, twoRuns());
  press(over, ']', 'D');
  expect(handOf(over).join()).not.toContain('db1');
  expect(rowsOf(over)[1]).not.toContain('LOST');
  press(over, 'D');
  expect(handOf(over).join()).toContain('db1');
  expect(over.session.store.getState().view.toast).toBe('back on the list: db1 lost in run 1 apt-get upgrade');
  // Marks are for tasks: D is about the line, or the host, under the cursor.
  press(over, 'a', ']', 'D');
  expect(handOf(over).map(row => row.slice(3, 7).trim())).toEqual(['db1']);
  expect(over.session.store.getState().view.toast).toBe('off the list: web2 failed rc 2 in run 1 apt-get upgrade');
  expect(over.asked.filter(ask => ask.verb !== 'watch' && ask.verb !== 'output')).toEqual([]);
});

test('a run that was cancelled before it began does not wear the verdicts of the run before it', () => {
  const story = storyOf(practiceFleet);
  ran(story, 1, 'uptime', { web2: ok }, 600);
  const dropped = story.queue(2, 'apt-get upgrade', ['web2'], 60);
  story.tell({ type: 'run.aborted', at: story.at(50), run: dropped, by: operator });
  story.endRun(dropped, 49);
  const over = sessionOver(practiceFleet, story);
  const screen = rowsOf(over).join('\n');
  expect(screen).toMatch(/web2 +S skipped/);
  expect(screen).toContain('IDLE  last: run 2 apt-get upgrade, 49s ago   1 never begun');
  press(over, '2');
  expect(rowsOf(over).join('\n')).toMatch(/2 \* apt-get upgrade .*dropped/);
});

/** A run with `poll: 0`: it ended when its jobs were let go. */
const letGo = (): { readonly story: Story; readonly jids: readonly Jid[] } => {
  const story = storyOf(practiceFleet);
  const run = story.queue(1, 'backup', ['web2', 'web3'], 60);
  story.openBatch(run, 1, 60);
  const jids = ['web2', 'web3'].map(host => {
    const jid = story.request(run, host, 60);
    const order = story.state.orders.get(jid);
    if (order !== undefined) story.state.orders.set(jid, { ...order, mode: 'let-go' });
    story.start(jid, 59);
    story.tell({ type: 'task.ended', at: story.at(58), run, path: '0.0', host, result: { status: 'changed' } });
    return jid;
  });
  story.endBatch(run, 1, 58);
  return { story, jids };
};

test('jobs that were let go are not done: neither in the list of runs, nor when their run ends', () => {
  const { story } = letGo();
  const over = sessionOver(practiceFleet, story);
  over.push({ kind: 'events', events: [{ type: 'run.ended', at: story.at(0), run: '0001'.padEnd(32, '0') }], sightings: [] });
  expect(over.session.store.getState().view.toast).toBe('run 1 ended: 0 of 2 ok, 2 let go');
  press(over, '2');
  expect(rowsOf(over).join('\n')).toMatch(/1 \* backup +let go +0\/2/);
});

test('a job that was let go and failed later needs a hand like any other', () => {
  const { story, jids } = letGo();
  story.endRun('0001'.padEnd(32, '0'), 58);
  story.tell({ type: 'job.ended', at: story.at(5), jid: jids[0] as Jid, verdict: failed });
  ran(story, 2, 'uptime', { web2: ok }, 3);
  expect(handOf(sessionOver(practiceFleet, story)).join()).toMatch(/F web2 .*backup/);
});

test('a task that failed without a job of its own is not shown as skipped', () => {
  const story = storyOf(practiceFleet);
  const run = story.queue(1, 'echo {{ nosuch }}', ['web2'], 60);
  story.openBatch(run, 1, 60);
  story.tell({
    type: 'task.ended',
    at: story.at(59),
    run,
    path: '0.0',
    host: 'web2',
    result: { status: 'failed', message: "'nosuch' is undefined" },
  });
  story.endBatch(run, 1, 59);
  story.endRun(run, 59);
  expect(handOf(sessionOver(practiceFleet, story)).join()).toMatch(/F web2 .*'nosuch' is undefined/);
});

test('the end of a run is told with the verdicts that came in the same push', () => {
  const story = storyOf(practiceFleet);
  const run = story.queue(1, 'uptime', ['web1', 'web2'], 60);
  story.openBatch(run, 1, 60);
  const [one, two] = ['web1', 'web2'].map(host => story.request(run, host, 60)) as [Jid, Jid];
  const over = sessionOver(practiceFleet, story);
  // Whatever was counted for the frame before must not be told.
  rowsOf(over);
  const verdict = { kind: 'ok', rc: 0, changed: true, elapsed: 1 } as const;
  over.push({
    kind: 'events',
    events: [
      { type: 'job.ended', at: story.at(0), jid: one, verdict },
      { type: 'job.ended', at: story.at(0), jid: two, verdict },
      { type: 'run.ended', at: story.at(0), run },
    ],
    sightings: [],
  });
  expect(over.session.store.getState().view.toast).toBe('run 1 ended: 2 of 2 ok');
});

test('a host that no run could reach has one line, whatever was tried on it', () => {
  const story = storyOf(practiceFleet);
  const away: Verdict = { kind: 'unreachable', began: 'never', failure: { tag: 'refused', host: 'web5', cause: 'x' } };
  ran(story, 1, 'apt-get upgrade', { web5: away }, 600);
  ran(story, 2, 'uptime', { web5: away }, 60);
  const over = sessionOver(practiceFleet, story);
  expect(handOf(over)).toHaveLength(1);
  expect(rowsOf(over)[1]).toContain('UNREACH 1');
  press(over, ']', 'D');
  expect(handOf(over)).toEqual([]);
});

test('the preview of a failure of another run says whose it is', () => {
  const over = sessionOver(practiceFleet, twoRuns());
  press(over, ']', ']');
  expect(rowsOf(over).find(row => row.startsWith('-- web2'))).toContain('run 1 apt-get upgrade');
});

test('the title of the last run gives way to how it went', () => {
  const story = storyOf(practiceFleet);
  ran(story, 1, 'while true; do echo a very long command that says nothing about how it went; done', { web2: failed }, 60);
  expect(rowsOf(sessionOver(practiceFleet, story)).at(-2)).toMatch(/^IDLE {2}last: run 1 while .*…, 59s ago {3}1 failed$/);
});

test('ages of seconds are kept honest at rest, older ones each half minute', () => {
  const story = storyOf(practiceFleet);
  ran(story, 1, 'uptime', { web2: failed }, 20);
  const over = sessionOver(practiceFleet, story);
  press(over, 'j');
  over.clock.pass(6000);
  expect(over.session.store.getState().wall - story.at(0)).toBeGreaterThanOrEqual(5000);
  over.clock.pass(60_000);
  const { frame } = over.session.store.getState();
  over.clock.pass(60_000);
  expect(over.session.store.getState().frame - frame).toBe(2);
});

const away: Verdict = { kind: 'unreachable', began: 'never', failure: { tag: 'refused', host: 'web5', cause: 'x' } };

test('an unreachable host is dealt with as soon as it answers any later job', () => {
  const story = storyOf(practiceFleet);
  ran(story, 1, 'apt-get upgrade', { web5: away, web4: away }, 600);
  ran(story, 2, 'uptime', { web5: failed, web4: away }, 60);
  const list = handOf(sessionOver(practiceFleet, story));
  expect(list.map(row => row.slice(0, 7))).toEqual([' F web5', ' U web4']);
});

test('a failure is dealt with by a later ok of its title on that host, not by one that failed or was cancelled', () => {
  const story = storyOf(practiceFleet);
  ran(story, 1, 'upgrade', { web1: failed, web2: failed, web3: failed }, 600);
  ran(story, 2, 'upgrade', { web1: ok, web2: failed, web3: { kind: 'cancelled' } as Verdict }, 300);
  ran(story, 3, 'uptime', { web1: ok, web2: ok, web3: ok }, 60);
  const list = handOf(sessionOver(practiceFleet, story));
  expect(list.map(row => row.replace(/ +/g, ' ').trim().slice(0, 25))).toEqual(['F web2 failed 4m59s 2 upg', 'F web3 failed 9m59s 1 upg']);
});

test('counters, list, filter, bottom and farewell count the same hosts', async () => {
  const story = storyOf(practiceFleet);
  ran(story, 1, 'upgrade', { web1: failed, web2: failed, web3: ok }, 600);
  ran(story, 2, 'dist-upgrade', { web1: failed, web2: ok, web3: ok }, 300);
  ran(story, 3, 'uptime', { web1: ok, web2: ok, web3: ok }, 60);
  const over = sessionOver(practiceFleet, story);
  const rows = rowsOf(over);
  expect(rows[1]).toMatch(/done 1 .*FAIL 2/);
  expect(rows.join('\n')).toContain('needs a hand: 2 -');
  expect(handOf(over)).toHaveLength(3);
  expect(handOf(over).every(row => row.startsWith(' '))).toBe(true);
  expect(rows.at(-2)).toContain('ok; 2 hosts need a hand');
  press(over, '/', ...'failed', 'enter');
  expect(rowsOf(over).join('\n')).toContain('10 hidden');
  press(over, 'esc', 'q');
  expect((await over.session.left).farewell).toBe('Nothing is running; 2 hosts need a hand. "npm start" comes back here.');
});
