// Keys as they arrive, through the real keymap, into a session over a link from memory: what is asked of the driver, and what is not.
import { beforeAll, expect, test } from 'vitest';
import { fleetOf, numbered, practiceFleet, sessionOver, storyOf, wallNow } from '../../test/support/console.ts';
import { kernelPatchFleet, practiceAtWork } from '../../test/support/nights.ts';
import { type SafeLine, withoutColours } from '../domain/safe-line.ts';
import type { Ask } from '../driver/protocol.ts';
import { commands } from './commands.ts';
import { topMode } from './console-state.ts';
import { screenOf } from './screen.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
};

/** Presses keys one chunk each, with half a second between them. */
const press = (over: ReturnType<typeof sessionOver>, ...keys: readonly string[]): void => {
  for (const key of keys) {
    over.clock.pass(500);
    over.session.keys([key]);
  }
};

const verbs = (asked: readonly Ask[]): string[] => asked.map(ask => ask.verb).filter(verb => verb !== 'watch' && verb !== 'output');
const submits = (asked: readonly Ask[]) => asked.filter(ask => ask.verb === 'submit');
const mode = (over: ReturnType<typeof sessionOver>) => topMode(over.session.store.getState().view);
const toast = (over: ReturnType<typeof sessionOver>) => over.session.store.getState().view.toast;
const screenText = ({ session }: ReturnType<typeof sessionOver>): string =>
  screenOf(session.store.getState(), 'plain', session.chooseHosts)
    .panes.flatMap(pane => pane.draw())
    .map(row => withoutColours(row as SafeLine).trimEnd())
    .join('\n');
const few = fleetOf({ web: numbered('web', 4, 1) }, { label: 'PROD', practice: 'no', source: 'prod.yml' });

test('the header says where a labelled fleet was read, and a file that gives the fleet its name once', () => {
  expect(screenText(sessionOver(few))).toMatch(/^ PROD {2}prod\.yml {2}4 hosts/);
  const unnamed = fleetOf({ web: numbered('web', 4, 1) }, { label: 'prod.yml', practice: 'no', source: '/srv/prod.yml' });
  expect(screenText(sessionOver(unnamed))).toMatch(/^ prod\.yml {3}4 hosts/);
});

test('practice: n, a command and Enter start it on the host under the cursor', async () => {
  const over = sessionOver(practiceFleet);
  press(over, 'j', 'n', ...'uptime', 'enter');
  expect(submits(over.asked)).toHaveLength(1);
  expect(submits(over.asked)[0]?.options.argv).toEqual(['web1']);
  await settle();
  expect(mode(over)).toBeUndefined();
  expect(toast(over)).toBe('run 77 is queued');
});

test('the pattern is filled from the marks, folded, and never all by itself', () => {
  const over = sessionOver(practiceFleet);
  press(over, 'space', 'j', 'space', 'j', 'space', 'n');
  expect(mode(over)).toMatchObject({ kind: 'prompt', pattern: { text: 'canary1,web[1-2]' }, focus: 'command' });
});

test('a real fleet: up to ten hosts take Enter on the preview as well', () => {
  const over = sessionOver(few);
  press(over, 'a', 'n', ...'uptime', 'enter');
  expect(submits(over.asked)).toHaveLength(0);
  expect(mode(over)).toMatchObject({ kind: 'start', hosts: ['web1', 'web2', 'web3', 'web4'], pace: 'all-at-once' });
  press(over, 'enter');
  expect(submits(over.asked)).toHaveLength(1);
  expect(mode(over)).toBeUndefined();
});

test('a real fleet: from eleven hosts on the number has to be typed, and the first one goes alone', () => {
  const over = sessionOver(kernelPatchFleet);
  press(over, 'a', 'n', ...'uptime', 'enter', 'enter', '3', '0', 'enter');
  expect(submits(over.asked)).toHaveLength(0);
  press(over, '0', 'enter');
  expect(submits(over.asked)).toHaveLength(1);
  expect(submits(over.asked)[0]?.plan.title).toBe('uptime (first-one)');
  const second = sessionOver(kernelPatchFleet);
  press(second, 'a', 'n', ...'uptime', 'enter', 'c', '3', '0', '0', 'enter');
  expect(submits(second.asked)[0]?.plan.title).toBe('uptime (all-at-once)');
});

test('a dialog takes nothing from the chunk that opened it, nor in its first 300 ms', () => {
  const over = sessionOver(few);
  press(over, 'a', 'n', ...'uptime');
  over.clock.pass(500);
  over.session.keys(['enter', 'enter', 'enter']);
  expect(mode(over)).toMatchObject({ kind: 'start' });
  over.clock.pass(100);
  over.session.keys(['enter']);
  expect(submits(over.asked)).toHaveLength(0);
  over.clock.pass(300);
  over.session.keys(['enter']);
  expect(submits(over.asked)).toHaveLength(1);
});

test('type-ahead into the task prompt keeps its letters and runs nothing', () => {
  const over = sessionOver(practiceFleet);
  over.clock.pass(500);
  over.session.keys(['n', 'l', 's', 'enter']);
  expect(submits(over.asked)).toHaveLength(0);
  expect(mode(over)).toMatchObject({ kind: 'prompt', command: { text: 'ls' } });
});

test('a chunk of many keys with an acting one in it is not run on the grid', () => {
  const over = sessionOver(practiceFleet);
  over.session.keys([...'some text with an n and an X']);
  expect(over.session.store.getState().view).toMatchObject({ modes: [], toast: 'ignored a paste of 28 characters', marks: new Set() });
  over.session.keys([...'jjjjjjjjjjj']);
  expect(over.session.store.getState().view.cursor).toBe('edge3');
});

test('a bracketed paste goes into a line of text, and nowhere else', () => {
  const over = sessionOver(practiceFleet);
  over.session.paste('rm -rf /\n');
  expect(toast(over)).toBe('ignored a paste of 9 characters');
  press(over, 'n');
  over.session.paste('echo a\x1b[2J\n');
  expect(mode(over)).toMatchObject({ kind: 'prompt', command: { text: 'echo a[2J' } });
  // Two lines joined by a blank would be another command.
  over.session.paste('cd /x\nrm *');
  expect(mode(over)).toMatchObject({ kind: 'prompt', command: { text: 'echo a[2J' } });
  expect(toast(over)).toContain('a paste of several lines is not taken');
  expect(submits(over.asked)).toHaveLength(0);
});

test('X asks; Enter keeps it running; the letter, or Tab and Enter, cancel', async () => {
  const running = () => {
    const over = sessionOver(practiceFleet, practiceAtWork().story);
    press(over, 'j', 'X');
    expect(mode(over)).toMatchObject({ kind: 'cancel', hosts: ['web1'], on: 'keep' });
    return over;
  };
  const kept = running();
  press(kept, 'enter');
  expect(verbs(kept.asked)).toEqual([]);
  expect(mode(kept)).toBeUndefined();
  const letter = running();
  press(letter, 'c');
  expect(verbs(letter.asked)).toEqual(['cancel']);
  const tab = running();
  press(tab, 'tab', 'enter');
  expect(verbs(tab.asked)).toEqual(['cancel']);
  await settle();
  expect(toast(tab)).toContain('asked 1 job to end');
});

test('a key that is not possible says why', () => {
  const over = sessionOver(practiceFleet);
  press(over, 'X');
  expect(toast(over)).toBe('no job is running there; nothing to cancel');
  press(over, 'enter');
  expect(toast(over)).toBe('no task has run on canary1 yet; n types one');
  press(over, 's');
  expect(toast(over)).toContain('later release');
  press(over, 'P');
  expect(toast(over)).toBe('nothing is running or queued');
});

test('a toast leaves by itself, and a newer one has its whole time', async () => {
  const over = sessionOver(practiceFleet);
  press(over, 'X');
  expect(toast(over)).not.toBe('');
  over.clock.pass(4000);
  over.session.trouble('something newer');
  over.clock.pass(4000);
  expect(toast(over)).toBe('something newer');
  over.clock.pass(3000);
  expect(toast(over)).toBe('');
  expect(over.clock.armed()).toBe(0);
  press(over, 'X', 'j');
  expect([toast(over), over.clock.armed()]).toEqual(['', 0]);
});

test('R retries what failed, what was never reached, or both', () => {
  const over = sessionOver(practiceFleet, practiceAtWork().story);
  press(over, 'R');
  expect(mode(over)).toMatchObject({ kind: 'retry', failed: ['web2'], unreachable: ['web5'] });
  press(over, 'enter');
  expect(toast(over)).toBe('choose f, u or b first');
  press(over, 'b', 'enter');
  expect(over.asked.findLast(ask => ask.verb === 'retry')).toMatchObject({ which: 'both', on: { hosts: ['web2', 'web5'] } });
});

test('P pauses everything, and resumes when everything is paused', () => {
  const { story } = practiceAtWork();
  const over = sessionOver(practiceFleet, story);
  press(over, 'P');
  expect(over.asked.findLast(ask => ask.verb === 'pause')).toMatchObject({ on: {} });
  for (const run of story.state.runs.values())
    if (run.phase.kind === 'going')
      over.push({ kind: 'events', events: [{ type: 'run.paused', run: run.id, at: wallNow, why: 'operator' }], sightings: [] });
  over.clock.pass(300);
  press(over, 'P');
  expect(verbs(over.asked)).toEqual(['pause', 'resume']);
});

test('r asks now, T gives more time', () => {
  const over = sessionOver(practiceFleet, practiceAtWork().story);
  press(over, 'j', 'r', 'T', 'enter');
  expect(verbs(over.asked)).toEqual(['ask', 'extend']);
  expect(over.asked.findLast(ask => ask.verb === 'extend')).toMatchObject({ by: 1800 });
});

test('the filter follows while it is typed; Esc brings the old one back and never leaves', () => {
  const over = sessionOver(practiceFleet);
  press(over, '/', ...'web', 'enter');
  expect(over.session.store.getState().view).toMatchObject({ filter: 'web', cursor: 'web1' });
  press(over, '/', ...'x', 'esc');
  expect(over.session.store.getState().view.filter).toBe('web');
  press(over, 'esc');
  expect(over.session.store.getState().view.filter).toBe('');
  press(over, 'esc', 'esc', 'esc');
  expect(over.session.store.getState().view.tab).toBe('hosts');
});

test('Up brings earlier commands back, those of earlier runs too', () => {
  const over = sessionOver(practiceFleet, practiceAtWork().story);
  press(over, 'n', 'up', 'up');
  expect(mode(over)).toMatchObject({ command: { text: 'apt-get -y dist-upgrade' } });
});

test('q leaves and says what goes on; inside a view it goes back', async () => {
  const over = sessionOver(practiceFleet, practiceAtWork().story);
  press(over, 'enter', 'l', 'q', 'q');
  expect(over.session.store.getState().view.modes).toEqual([]);
  press(over, 'q');
  const { farewell } = await over.session.left;
  expect(farewell).toBe('5 jobs go on, and 14 hosts of 2 runs still have their turn (driver 4711). "npm start" comes back here.');
});

test('Ctrl-C twice within a second leaves from anywhere', async () => {
  const over = sessionOver(practiceFleet);
  press(over, 'n');
  over.clock.pass(500);
  over.session.keys(['ctrl-c']);
  expect(mode(over)).toBeUndefined();
  over.clock.pass(400);
  over.session.keys(['ctrl-c']);
  expect((await over.session.left).farewell).toBe('Nothing is running. "npm start" comes back here.');
});

test('Ctrl-C on a tab asks first; a second one leaves while the question stands', async () => {
  const over = sessionOver(practiceFleet);
  const hasLeft = async (): Promise<boolean> => Promise.race([over.session.left.then(() => true), settle().then(() => false)]);
  press(over, 'ctrl-c');
  over.clock.pass(1500);
  expect([await hasLeft(), toast(over)]).toEqual([false, 'Ctrl-C again, or q, leaves the console; jobs go on']);
  press(over, 'j', 'ctrl-c');
  over.clock.pass(7000);
  expect([await hasLeft(), toast(over)]).toEqual([false, '']);
  press(over, 'ctrl-c');
  over.clock.pass(1500);
  expect(await hasLeft()).toBe(false);
  press(over, 'ctrl-c');
  expect(await hasLeft()).toBe(true);
});

test('nothing ticks at idle, a second while a countdown is on the screen', () => {
  const idle = sessionOver(practiceFleet);
  press(idle, 'j');
  idle.clock.pass(1000);
  expect(idle.clock.armed()).toBe(0);
  const busy = sessionOver(practiceFleet, practiceAtWork().story);
  press(busy, 'j');
  const before = busy.session.store.getState().frame;
  busy.clock.pass(3000);
  expect(busy.session.store.getState().frame - before).toBe(3);
  busy.session.close();
  expect(busy.clock.armed()).toBe(0);
});

test('many events make one frame', () => {
  const { story } = practiceAtWork();
  const over = sessionOver(practiceFleet, story);
  over.clock.pass(50);
  const before = over.session.store.getState().frame;
  const [jid] = story.state.jobs.keys();
  for (let at = 0; at < 50; at += 1)
    over.push({ kind: 'events', events: [{ type: 'run.noted', run: 'none', at: wallNow, text: `${at} ${jid}` }], sightings: [] });
  expect(over.session.store.getState().frame).toBe(before);
  over.clock.pass(100);
  expect(over.session.store.getState().frame).toBe(before + 1);
});

test('a driver that goes is told, and the next snapshot replaces what was known', () => {
  const over = sessionOver(practiceFleet, practiceAtWork().story);
  over.push({ kind: 'gone' });
  over.clock.pass(300);
  expect(over.session.store.getState().data.link).toBe('gone');
  const fresh = storyOf(practiceFleet);
  over.push({ kind: 'snapshot', state: fresh.state });
  over.clock.pass(300);
  expect(over.session.store.getState().data).toMatchObject({ link: 'up', state: fresh.state });
});

test('every command can be tried at every moment without harm', () => {
  for (const command of commands) {
    if (command.id === 'leave') continue;
    const over = sessionOver(practiceFleet, practiceAtWork().story);
    press(over, ':', ...command.id, 'enter', 'esc', 'esc', 'esc', 'esc');
    expect(over.session.store.getState().view.modes, command.id).toEqual([]);
    expect(
      verbs(over.asked).filter(verb => !['pause', 'ask'].includes(verb)),
      command.id,
    ).toEqual([]);
    over.session.close();
  }
});

test('a push that brings events and sightings together has both taken in', () => {
  const over = sessionOver(practiceFleet);
  over.push({
    kind: 'events',
    events: [{ type: 'run.noted', run: 'nosuch', text: 'x', at: wallNow }],
    sightings: [{ type: 'slots.seen', open: 3, forks: 25, behind: 0 }],
  });
  expect(over.session.store.getState().data.state.slots).toEqual({ open: 3, forks: 25, behind: 0 });
});

const marks = (over: ReturnType<typeof sessionOver>) => [...over.session.store.getState().view.marks];

test('v marks from where it was pressed first to the cursor; Esc forgets the beginning', () => {
  const over = sessionOver(practiceFleet);
  press(over, 'j', 'v', 'j', 'j', 'v');
  expect(marks(over)).toEqual(['web1', 'web2', 'web3']);
  press(over, 'u', 'v', 'esc', 'j', 'v', 'j', 'v');
  expect(marks(over)).toEqual(['web4', 'web5']);
});

test('* marks the hosts that stand as this one does and said the same last', () => {
  const over = sessionOver(practiceFleet, practiceAtWork().story);
  press(over, 'j', '*');
  expect(marks(over)).toEqual(['web1', 'web3', 'db1']);
});

test('A on the roll asks, then nothing of it starts any more; what runs goes on', async () => {
  const over = sessionOver(practiceFleet, practiceAtWork().story);
  press(over, '3', 'A');
  expect(mode(over)).toMatchObject({ kind: 'cancel', about: { kind: 'rest', run: '0002'.padEnd(32, '0') } });
  press(over, 'enter');
  expect(verbs(over.asked)).toEqual([]);
  press(over, 'A', 'c');
  expect(verbs(over.asked)).toEqual(['abort']);
  expect(over.asked.findLast(ask => ask.verb === 'abort')).toEqual({ verb: 'abort', on: { run: '0002'.padEnd(32, '0') } });
  await settle();
  expect(toast(over)).toBe('nothing of it starts any more; what runs goes on');
});

test('# notes what the operator types on the run in focus', () => {
  const over = sessionOver(practiceFleet, practiceAtWork().story);
  press(over, '#', ...'ticket 12', 'enter');
  expect(over.asked.findLast(ask => ask.verb === 'note')).toEqual({ verb: 'note', on: { run: '0002'.padEnd(32, '0') }, text: 'ticket 12' });
  press(over, '#', 'enter');
  expect(mode(over)).toMatchObject({ kind: 'note', error: 'type what to note' });
});

test('L shows a long log from its first line, and says so', async () => {
  const { story } = practiceAtWork();
  const [jid] = [...story.state.jobs.values()].filter(job => job.host === 'web1' && job.state.kind !== 'ended').map(job => job.jid);
  const text = Array.from({ length: 60_000 }, (_, at) => `said ${at + 1}\n`).join('');
  const over = sessionOver(practiceFleet, story, new Map([[jid as never, text]]));
  const loaded = async (): Promise<void> => {
    for (let turn = 0; turn < 2000; turn += 1) await Promise.resolve();
  };
  press(over, 'j', 'l');
  await loaded();
  expect(screenText(over)).toMatch(/of the last 2000, the whole: L/);
  press(over, 'L');
  await loaded();
  expect(screenText(over)).toContain('lines 1-19 of 60000 --');
  expect(screenText(over)).toContain('said 1\n');
  press(over, '/', ...'said 31234', 'enter');
  expect(screenText(over)).toContain('>said 31234\n');
  press(over, '/', 'ctrl-u', ...'nosuch', 'enter');
  expect(toast(over)).toBe('"nosuch" is not in this log');
});
