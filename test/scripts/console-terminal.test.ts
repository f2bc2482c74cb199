// The console on a terminal: bytes in, cells out, through the real Ink. Chunks, pastes, sizes, hostile text, and the terminal given back.
import { afterEach, expect, test, vi } from 'vitest';
import type { Fleet } from '../../src/domain/event.ts';
import type { Jid } from '../../src/domain/job.ts';
import { startConsole } from '../../src/ui/start.tsx';
import { fleetOf, practiceFleet, type Story, sessionOver, storyOf } from '../support/console.ts';
import { kernelPatch, kernelPatchFleet, practiceAtWork } from '../support/nights.ts';
import { openTerminal } from '../support/terminal.ts';

// A busy machine draws late; the waits below end when they have their facts.
vi.setConfig({ testTimeout: 60_000 });

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const show = (
  fleet: Fleet,
  story: Story,
  size: readonly [number, number] = [80, 24],
  outputs: ReadonlyMap<Jid, string> = new Map(),
  env: Record<string, string> = {},
) => {
  const terminal = openTerminal(...size);
  const over = sessionOver(fleet, story, outputs);
  const ended = startConsole({ session: over.session, stdin: terminal.stdin, stdout: terminal.stdout, env, process });
  ends.push(async () => {
    over.session.keys(['ctrl-c', 'ctrl-c']);
    await ended;
    terminal.dispose();
  });
  return { terminal, ended, ...over };
};

test('a task is typed as bytes arrive: a key, a word, and its Enter in one chunk', async () => {
  const { terminal, clock, asked } = show(practiceFleet, storyOf(practiceFleet));
  await terminal.waitFor('n types the first task');
  terminal.type('jj');
  await terminal.waitFor('>web2');
  terminal.type('n');
  await terminal.waitFor('-- new task');
  clock.pass(400);
  terminal.type('uptim');
  await terminal.waitFor('uptim');
  const { x, y } = await terminal.cursor();
  expect((await terminal.screen())[y]?.slice(0, x)).toMatch(/command uptim$/);
  terminal.type('e\r');
  await terminal.waitFor('run 77 is queued');
  expect(asked.filter(ask => ask.verb === 'submit').map(ask => ask.options.argv)).toEqual([['web2']]);
});

test('arrows, backspace, Tab and a lone Esc arrive as what they are', async () => {
  const { terminal, clock } = show(practiceFleet, storyOf(practiceFleet));
  await terminal.waitFor('n types the first task');
  terminal.type('\x1b[B\x1b[B');
  await terminal.waitFor('>web2');
  terminal.type('n');
  await terminal.waitFor('-- new task');
  clock.pass(400);
  terminal.type('abc\x7f\x7f');
  await terminal.waitFor(/command a +\n/);
  terminal.type('\t');
  await terminal.waitFor(/hosts {3}web2/);
  terminal.type('\x7f3');
  await terminal.waitFor(/1 host .*web3/);
  terminal.type('\x1b');
  await terminal.waitFor(screen => !screen.includes('-- new task'));
});

test('a bracketed paste on the grid runs nothing', async () => {
  const { terminal, asked } = show(practiceFleet, storyOf(practiceFleet));
  await terminal.waitFor('n types the first task');
  terminal.type('\x1b[200~nrm -rf /\r\x1b[201~');
  await terminal.waitFor('ignored a paste of 10 characters');
  expect(asked.filter(ask => ask.verb === 'submit')).toEqual([]);
});

test('an unbracketed paste on the grid runs nothing', async () => {
  const { terminal, asked } = show(practiceFleet, storyOf(practiceFleet));
  await terminal.waitFor('n types the first task');
  terminal.type('nrm -rf /tmp/x\r\r');
  await terminal.waitFor('ignored a paste of 16 characters');
  expect(asked.filter(ask => ask.verb === 'submit')).toEqual([]);
});

test('any size is drawn whole: nothing scrolls, nothing is left over, too small is one line', async () => {
  const { terminal } = show(kernelPatchFleet, kernelPatch(), [120, 40]);
  await terminal.waitFor('needs a hand');
  for (const [columns, rows] of [
    [60, 15],
    [200, 60],
    [80, 24],
    [61, 16],
    [133, 43],
  ] as const) {
    terminal.resize(columns, rows);
    await terminal.waitFor(screen => {
      const lines = screen.split('\n');
      return (
        lines[0]?.startsWith(' PROD ') === true &&
        (lines[rows - 2]?.startsWith('RUNNING') ?? false) &&
        (lines[rows - 1]?.includes('Enter open') ?? false)
      );
    });
  }
  terminal.resize(40, 8);
  const screen = await terminal.waitFor('need 60x15, have 40x8');
  expect(screen.split('\n').filter(line => line.trim() !== '')).toHaveLength(1);
  terminal.resize(80, 24);
  await terminal.waitFor('RUNNING');
});

test('the terminal is given back: main screen, autowrap, cursor; and the farewell is for the caller to print', async () => {
  const { terminal, ended } = show(practiceFleet, practiceAtWork().story);
  await terminal.waitFor('RUNNING');
  expect(await terminal.buffer()).toBe('alternate');
  expect(terminal.raw()).toContain('\x1b[?7l');
  terminal.type('q');
  const { farewell } = await ended;
  expect(farewell).toContain('5 jobs go on');
  expect(await terminal.buffer()).toBe('normal');
  const raw = terminal.raw();
  expect(raw.lastIndexOf('\x1b[?7h')).toBeGreaterThan(raw.lastIndexOf('\x1b[?7l'));
  expect(raw.lastIndexOf('\x1b[?25h')).toBeGreaterThan(raw.lastIndexOf('\x1b[?25l'));
  expect(raw).not.toContain(farewell);
});

/** Everything that Ink and we may send: synchronised output, cursor, alternate screen, autowrap, paste mode, moves, erasing, colours. */
const allowed = /\x1b\[\?(?:2026|25|1049|7|2004)[hl]|\x1b\[\d*[ABCDEFGJKH]|\x1b\[\d+;\d+H|\x1b\[[0-9;]*m/g;

/** What hosts, inventories and operators must not be able to send. */
const evils = [
  '\x1b]52;c;ZXZpbA==\x07',
  '\x1b]0;owned\x07',
  '\x1b]8;;http://evil.example\x07click\x1b]8;;\x07',
  '\x1b[2J\x1b[H',
  '\x1b[?1049l',
  '\x1b[6n',
  '\x9b2J',
  '\x9d0;t\x9c',
  '\x1bPq\x1b\\',
  '\x1bc',
  '\x07\x08\x0b\x0c\x00\x7f\x85',
  '\u202etxt.exe\u2066',
  '\x1b]52;c;unterminated',
];

test('whatever stands in names, titles, causes and output, only allowed sequences reach the terminal', async () => {
  const evil = evils.join('x');
  const fleet = fleetOf(
    { [`gr${evil}`]: ['web1', `web2${evil}`] },
    { label: `LA${evil}`, source: `so${evil}`, colour: 'red', practice: 'acting' },
  );
  const story = storyOf(fleet);
  const names = fleet.hosts.map(host => host.name);
  const run = story.queue(1, `echo ${evil}`, names, 60);
  story.openBatch(run, 1, 60);
  const jids = names.map(name => story.request(run, name, 60));
  const outputs = new Map(jids.map(jid => [jid, `${evils.map(text => `before ${text} after`).join('\n')}\n\x1b[31mred\x1b[8mhidden\n`]));
  for (const jid of jids) {
    story.start(jid, 59);
    story.output(jid, 500, `last ${evil}`, 5);
  }
  story.tell({ type: 'job.waiting', at: story.at(40), jid: jids[0] as Jid, for: `a lock ${evil}` });
  story.end(
    jids[1] as Jid,
    { kind: 'unreachable', began: 'maybe', failure: { tag: 'refused', host: names[1] ?? '', cause: `cause ${evil}` } },
    3,
  );
  const { terminal, session, clock, push } = show(fleet, story, [100, 30], outputs);
  await terminal.waitFor('last');
  push({ kind: 'events', events: [{ type: 'run.noted', run, at: story.at(0), text: `note ${evil}` }], sightings: [] });
  push({ kind: 'banner', failure: { tag: 'fenced', cause: `banner ${evil}` } });
  for (const key of [
    'enter',
    'l',
    'w',
    '/',
    'a',
    'enter',
    'esc',
    'esc',
    'j',
    'enter',
    'esc',
    '2',
    '3',
    '4',
    '5',
    '1',
    '?',
    'esc',
    ':',
    'esc',
    'a',
    'n',
    'x',
    'enter',
    'esc',
    'k',
    'k',
    'X',
    'esc',
    'R',
    'esc',
    'o',
    'o',
    'o',
    'o',
  ]) {
    clock.pass(500);
    session.keys([key]);
    for (let turn = 0; turn < 6; turn += 1) await new Promise(resolve => setImmediate(resolve));
  }
  await terminal.screen();
  const rest = terminal.raw().replace(allowed, '').replace(/\r?\n/g, '');
  const found = rest.match(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff].{0,20}/);
  expect(found?.[0]).toBeUndefined();
  for (const sgr of terminal.raw().match(/\x1b\[[0-9;]*m/g) ?? []) expect(sgr, 'conceal or blink').not.toMatch(/[[;](?:5|6|8)(?:;|m)/);
});

test('NO_COLOR: no colours, and trouble is still in reverse', async () => {
  const { terminal } = show(practiceFleet, practiceAtWork().story, [80, 24], new Map(), { NO_COLOR: '1' });
  await terminal.waitFor('RUNNING');
  expect(
    terminal
      .raw()
      .match(/\x1b\[[0-9;]*m/g)
      ?.filter(sgr => /[[;](?:3[0-9]|4[0-9]|9[0-7])[;m]/.test(sgr)) ?? [],
  ).toEqual([]);
  expect((await terminal.picture()).includes('^')).toBe(true);
});

test('a pane that throws says so in its place, and the rest goes on', async () => {
  const { story } = practiceAtWork();
  const { terminal, session, clock } = show(practiceFleet, story);
  await terminal.waitFor('RUNNING');
  const { tails, jobsOf } = session.store.getState().data;
  const jid = jobsOf.get('canary1')?.at(-1) as Jid;
  const whole = tails.get(jid);
  // A tail that nothing makes, so that the preview alone fails.
  tails.set(jid, { lines: [null as never], before: 'nothing', first: 0, after: 'nothing' });
  session.redraw();
  await terminal.waitFor(/this part of the screen failed \(preview\)[\s\S]*RUNNING/);
  tails.set(jid, whole as never);
  clock.pass(500);
  session.redraw();
  await terminal.waitFor(screen => screen.includes('RUNNING') && !screen.includes('failed (preview)'));
});
