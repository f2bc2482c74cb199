// X is about hosts: their jobs and the starts that still wait there, also those that get their slot while the dialog is open.
import { beforeEach, expect, test } from 'vitest';
import { fleetOf, numbered, sessionOver, storyOf } from '../../test/support/console.ts';
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

const screenText = ({ session }: Over): string =>
  screenOf(session.store.getState(), 'plain', session.chooseHosts)
    .panes.flatMap(pane => pane.draw())
    .map(row => withoutColours(row as SafeLine).trimEnd())
    .join('\n');

const fleet = fleetOf({ web: numbered('web', 12, 2) });
const names = fleet.hosts.map(host => host.name);
const idOf = (number: number): string => String(number).padStart(4, '0').padEnd(32, '0');

/** Run 4 has jobs on the first eight; the other four wait for a slot. */
const starting = () => {
  const story = storyOf(fleet);
  const run = story.queue(4, 'sleep 60', names, 1);
  story.openBatch(run, 1, 1);
  for (const name of names.slice(0, 8)) story.request(run, name, 1);
  return { run, over: sessionOver(fleet, story) };
};

beforeEach(() => {
  process.env.TZ = 'UTC';
});

const cancels = (over: Over) => over.asked.filter(ask => ask.verb === 'cancel' || ask.verb === 'abort');

test('X on marked hosts names all of them: jobs, and hosts where nothing has begun', async () => {
  const { over, run } = starting();
  press(over, 'a', 'X');
  expect(screenText(over)).toContain('8 jobs, 4 not begun on web[01-12]');
  expect(screenText(over)).toContain(' run 4 sleep 60');
  press(over, '1', '2', 'enter');
  expect(cancels(over)).toEqual([{ verb: 'cancel', on: { run, hosts: names } }]);
});

test('a start that gets its slot while the dialog is open is counted and cancelled', () => {
  const { over, run } = starting();
  press(over, 'a', 'X');
  over.push({
    kind: 'events',
    events: names.slice(8, 11).map(host => ({
      type: 'job.requested',
      at: 0,
      jid: `${run}.${host}` as never,
      run,
      host,
      path: '0.0',
      attempt: 1,
      command: 'sleep 60',
      script: '',
      limit: 60,
      mode: 'poll',
    })),
    sightings: [],
  });
  over.clock.pass(300);
  expect(screenText(over)).toContain('11 jobs, 1 not begun on web[01-12]');
  press(over, '1', '2', 'enter');
  expect(cancels(over)).toEqual([{ verb: 'cancel', on: { run, hosts: names } }]);
});

test('X on a host that only waits takes it out of the open task', async () => {
  const { over, run } = starting();
  press(over, 'G', 'X');
  expect(screenText(over)).toContain('0 jobs, 1 not begun on web12');
  press(over, 'c');
  expect(cancels(over)).toEqual([{ verb: 'cancel', on: { run, hosts: ['web12'] } }]);
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  expect(over.session.store.getState().view.toast).toBe('1 host that had not begun dropped');
});

test('X in a job is about that job, on the Jobs tab about the whole run', () => {
  const { over, run } = starting();
  press(over, 'enter', 'X', 'c');
  expect(cancels(over)).toEqual([{ verb: 'cancel', on: { jids: [expect.any(String)] } }]);
  press(over, 'esc', '2', 'X');
  expect(screenText(over)).toContain('8 jobs, 4 not begun on web[01-12]');
  expect(screenText(over)).toContain(' run 4 sleep 60: what has not begun is dropped');
  press(over, '1', '2', 'enter');
  expect(cancels(over)[1]).toEqual({ verb: 'cancel', on: { run } });
});

test('hosts of two runs: both are named and asked', () => {
  const story = storyOf(fleet);
  for (const [number, command, host] of [
    [1, 'sleep 60', 'web01'],
    [2, 'uptime', 'web02'],
  ] as const) {
    const run = story.queue(number, command, [host], 9);
    story.openBatch(run, 1, 9);
    story.start(story.request(run, host, 9), 8);
  }
  const over = sessionOver(fleet, story);
  press(over, 'a', 'X');
  expect(screenText(over)).toContain('2 jobs on web[01-02]');
  expect(screenText(over)).toContain('run 1 sleep 60, run 2 uptime');
  press(over, 'c');
  expect(cancels(over).map(ask => 'on' in ask && ask.on)).toEqual([
    { run: idOf(1), hosts: ['web01'] },
    { run: idOf(2), hosts: ['web02'] },
  ]);
});

test('the number: what was typed is shown, a wrong one says so, other keys say that they are no digit', () => {
  const { over } = starting();
  press(over, 'a', 'X', 'q');
  expect(over.session.store.getState().view.toast).toBe('q is no digit: type 12, the number of hosts, then Enter; Esc leaves');
  press(over, '6', '4');
  expect(screenText(over)).toContain('keep them: 64   not 12; Backspace');
  press(over, 'backspace', 'backspace', '1');
  expect(screenText(over)).toMatch(/keep them: 1$/m);
  press(over, 'esc');
  expect(topMode(over.session.store.getState().view)).toBeUndefined();
  expect(cancels(over)).toEqual([]);
});
