// What the panes of a screen say, composed without a terminal: sentences that must be whole at a width, columns that must not touch.
import { expect, test } from 'vitest';
import { fleetOf, numbered, practiceFleet, sessionOver, storyOf } from '../../../test/support/console.ts';
import { kernelPatch, kernelPatchFleet, practiceAtWork } from '../../../test/support/nights.ts';
import type { Fleet } from '../../domain/event.ts';
import { describeFailure } from '../../domain/failure.ts';
import { type SafeLine, withoutColours } from '../../domain/safe-line.ts';
import { screenOf } from '../screen.ts';

/** The rows on the screen after some keys, half a second apart. */
const screenAfter = (fleet: Fleet, story: ReturnType<typeof storyOf>, [columns, rows]: readonly [number, number], ...keys: string[]) => {
  const { session, clock } = sessionOver(fleet, story);
  session.resize(columns, rows);
  for (const key of keys) {
    clock.pass(500);
    session.keys([key]);
  }
  return screenOf(session.store.getState(), 'plain', session.chooseHosts)
    .panes.flatMap(pane => pane.draw())
    .map(row => withoutColours(row as SafeLine));
};

test.each([
  [120, 40],
  [200, 60],
] as const)('needs a hand and the queue beside it are apart at %ix%i', (...size) => {
  const rows = screenAfter(kernelPatchFleet, kernelPatch(), size);
  const border = Math.floor(size[0] * 0.53);
  const beside = rows.slice(4, 8);
  expect(beside[0]).toContain('web170');
  for (const row of beside) expect(row.slice(border - 2, border)).toBe('  ');
});

test.each([
  [60, 15],
  [80, 24],
] as const)('the dialogs that ask before they act are whole at %ix%i', (...size) => {
  const many = (keys: string[]) => screenAfter(kernelPatchFleet, kernelPatch(), size, ...keys);
  for (const rows of [
    screenAfter(practiceFleet, practiceAtWork().story, size, 'j', 'X'),
    screenAfter(practiceFleet, practiceAtWork().story, size, '2', 'j', 'X'),
    many(['2', 'j', 'j', 'X']),
    many(['R']),
    many([']', ']', 'T']),
    many(['a', 'n', ...'uptime', 'enter']),
    many(['a', 'n', ...'uptime']),
    many(['J']),
    many(['J', 'b']),
  ]) {
    const from = rows.findIndex(row => /^-- (cancel|retry|more|start|new|jobs begun)/.test(row));
    expect(from, rows.join('\n')).not.toBe(-1);
    const dialog = rows.slice(from + 1, -2);
    expect(dialog).not.toHaveLength(0);
    // A nodeset may be long; what is asked and what it means may not be cut.
    const said = dialog.filter(line => !/^ +(PRACTICE|PROD) |: what has not/.test(line));
    for (const row of said) expect(row, dialog.join('\n')).not.toContain('…');
  }
});

test.each([60, 80, 120])('why a host was not reached and what to do is whole in its view, %i columns wide', columns => {
  const story = storyOf(practiceFleet);
  const run = story.queue(1, 'uptime', ['web1'], 60);
  story.openBatch(run, 1, 60);
  const jid = story.request(run, 'web1', 50);
  const cause = 'the sudo password of ops was turned down by a-host-with-a-long-name.example.org, so it was not sent here at all';
  story.end(jid, { kind: 'unreachable', failure: { tag: 'password-refused', host: 'web1', cause }, began: 'never' }, 40);
  const view = screenAfter(practiceFleet, story, [columns, 24], 'j', 'enter');
  const facts = view.slice(
    2,
    view.findIndex(row => row.startsWith('-- log')),
  );
  const text = facts.map(row => row.slice(9).trim()).join(' ');
  expect(text).toContain(cause);
  expect(text).toContain(describeFailure({ tag: 'password-refused', cause }).next);
  expect(view.slice(0, 2).join('')).not.toContain('…');
});

test('the keys that the last row names are those of the dialog that is open', () => {
  const rows = screenAfter(practiceFleet, practiceAtWork().story, [80, 24], 'J');
  expect(rows.at(-1)?.trim()).toBe('Enter ask  b every account or ours  Esc back');
});

test('a retry says what became of its hosts', () => {
  const story = storyOf(practiceFleet);
  const run = story.queue(1, 'uptime', ['web1', 'web2', 'web3', 'web4', 'web5'], 60);
  story.openBatch(run, 1, 60);
  const begin = (host: string) => story.request(run, host, 59);
  story.end(begin('web1'), { kind: 'lost', why: 'reboot', elapsed: 3 }, 50);
  story.end(begin('web2'), { kind: 'lost', why: 'killed', elapsed: 3 }, 50);
  story.end(begin('web3'), { kind: 'timed-out', rc: 143, elapsed: 3 }, 50);
  story.end(begin('web4'), { kind: 'unreachable', began: 'maybe', failure: { tag: 'connection-lost', host: 'web4', cause: 'x' } }, 50);
  story.end(begin('web5'), { kind: 'unreachable', began: 'never', failure: { tag: 'refused', host: 'web5', cause: 'x' } }, 50);
  story.endBatch(run, 1, 49);
  story.endRun(run, 49);
  const screen = screenAfter(practiceFleet, story, [80, 24], 'R').join('\n');
  expect(screen).toContain('f 2 lost, 1 timed out');
  expect(screen).toContain('u 1 never reached');
  expect(screen).toContain('b all 4');
  expect(screen).toContain('not web4: silent, may still run');
  expect(screen).not.toContain('failed');
});

/** Hosts of which some fell silent and the rest run, and two more runs that wait. */
const working = (fleet: Fleet, silent: number) => {
  const story = storyOf(fleet);
  const names = fleet.hosts.map(host => host.name);
  const run = story.queue(1, 'uptime', names, 100);
  story.openBatch(run, 1, 100);
  for (const [at, name] of names.entries()) {
    const jid = story.request(run, name, 99);
    story.start(jid, 98);
    story.output(jid, 9, `words of ${name}`, 9);
    if (at < silent) story.end(jid, { kind: 'lost', why: 'reboot', elapsed: 9 }, 9);
  }
  story.queue(2, 'sleep 9', names, 50);
  return story;
};

test('twelve hosts keep a line each at 80x24 while two of them need a hand', () => {
  const rows = screenAfter(practiceFleet, working(practiceFleet, 2), [80, 24]);
  const list = rows.slice(rows.findIndex(row => row.startsWith('-- hosts')));
  expect(list.filter(row => /^(?!--).{8,9}\S+ +[RL] (running|lost) /.test(row))).toHaveLength(12);
  expect(rows.filter(row => row.includes('words of'))).not.toHaveLength(0);
  // What is under the cursor still says its last words.
  expect(rows.at(-3)).toMatch(/\S/);
});

test('more hosts than lines take as few columns as they need, each with its last line', () => {
  const thirty = fleetOf({ web: numbered('web', 40, 2) });
  const rows = screenAfter(thirty, working(thirty, 0), [120, 40]);
  const line = rows.find(row => row.includes('web01'));
  expect(line).toMatch(/>web01 +R running .* words of web01 +web21 +R running .* words of web21/);
});

test.each([
  [60, 15],
  [80, 24],
] as const)('a long title gives way to what is said about its run at %ix%i', (...size) => {
  const story = storyOf(practiceFleet);
  const run = story.queue(1, `echo ${'long '.repeat(30)}`, ['web1', 'web2'], 60);
  story.openBatch(run, 1, 60);
  story.start(story.request(run, 'web1', 60), 59);
  const after = (...keys: string[]) => screenAfter(practiceFleet, story, size, ...keys).join('\n');
  expect(after('3')).toContain('…: running, 0 of 2 hosts done, 1 out, 0 bad');
  expect(after('4')).toContain('…: 1 different');
  expect(after('3', 'A')).toContain('what has not begun is dropped, 1 job goes on');
  expect(after('2', 'X')).toContain('…: what has not begun is dropped');
});

test('the keys told for a cancel are those of the dialog: from eleven hosts on their number', () => {
  const story = storyOf(practiceFleet);
  const names = practiceFleet.hosts.map(host => host.name);
  const run = story.queue(1, 'uptime', names, 60);
  story.openBatch(run, 1, 60);
  for (const name of names) story.start(story.request(run, name, 60), 59);
  expect(screenAfter(practiceFleet, story, [80, 24], 'a', 'X').at(-1)).toContain('12 Enter cancel');
  expect(screenAfter(practiceFleet, story, [80, 24], 'X').at(-1)).toContain('Tab other button');
});
