// What is left on a terminal after the console has drawn itself: Ink's real output through a headless terminal, compared with files.
// A changed file is a change of the screen: look at it as an operator would before you keep it (vitest -u writes them).
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { screenOf } from '../../src/app/screen.ts';
import type { Fleet } from '../../src/domain/event.ts';
import type { Jid } from '../../src/domain/job.ts';
import { type SafeLine, withoutColours } from '../../src/domain/safe-line.ts';
import { startConsole } from '../../src/ui/start.tsx';
import { practiceFleet, type Story, sessionOver, storyOf } from '../support/console.ts';
import { behindBastion, kernelPatch, kernelPatchFleet, practiceAtWork, thousands, thousandsFleet } from '../support/nights.ts';
import { openTerminal } from '../support/terminal.ts';

// A busy machine draws late; the waits below end when they have their facts.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(() => {
  process.env.TZ = 'UTC';
});

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of open.splice(0)) await end();
});

const sizes = [
  [60, 15],
  [80, 24],
  [120, 40],
  [200, 60],
] as const;

/** Shows a console, lets keys arrive one by one, and takes a picture. */
const pictureOf = async (
  fleet: Fleet,
  story: Story,
  [columns, rows]: readonly [number, number],
  keys: readonly string[] = [],
  outputs: ReadonlyMap<Jid, string> = new Map(),
): Promise<string> => {
  const terminal = openTerminal(columns, rows);
  const { session, clock } = sessionOver(fleet, story, outputs);
  const ended = startConsole({ session, stdin: terminal.stdin, stdout: terminal.stdout, env: {}, process });
  open.push(async () => {
    session.keys(['ctrl-c', 'ctrl-c']);
    await ended;
    terminal.dispose();
  });
  await terminal.waitFor(fleet.label);
  for (const key of keys) {
    clock.pass(400);
    session.keys([key]);
    await answered();
  }
  clock.pass(300);
  await answered();
  clock.pass(300);
  // The picture is taken when the terminal shows what was composed for the state as it is now.
  const composed = screenOf(session.store.getState(), 'plain', session.chooseHosts)
    .panes.flatMap(pane => pane.draw())
    .map(text => withoutColours(text as SafeLine))
    .join('\n');
  await terminal.waitFor(screen => screen === composed);
  return `${await terminal.picture()}\n`;
};

/** The link answers from memory, so one turn of the loop is enough. */
const answered = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

for (const size of sizes) {
  const name = size.join('x');
  test(`practice, idle, ${name}`, async () => {
    await expect(await pictureOf(practiceFleet, storyOf(practiceFleet), size)).toMatchFileSnapshot(`practice-idle-${name}.txt`);
  });
  test(`practice, at work, ${name}`, async () => {
    const { story, outputs } = practiceAtWork();
    await expect(await pictureOf(practiceFleet, story, size, [']'], outputs)).toMatchFileSnapshot(`practice-work-${name}.txt`);
  });
  test(`a roll over 300 hosts, ${name}`, async () => {
    await expect(await pictureOf(kernelPatchFleet, kernelPatch(), size, [']'])).toMatchFileSnapshot(`roll-${name}.txt`);
  });
  test(`5,000 hosts, ${name}`, async () => {
    await expect(await pictureOf(thousandsFleet, thousands(), size, [']', ']'])).toMatchFileSnapshot(`thousands-${name}.txt`);
  });
}

const views: readonly (readonly [name: string, keys: readonly string[]])[] = [
  ['prompt', ['space', 'j', 'j', 'space', 'n', ...'apt-get -y upgrade']],
  ['job', ['enter']],
  ['log', ['l']],
  ['jobs-tab', ['2']],
  ['roll-tab', ['3']],
  ['output-tab', ['4']],
  ['help', ['?']],
  ['palette', [':', 'c', 'a']],
  ['filter', ['/', 'w', 'e', 'b']],
  ['cancel', ['j', 'X']],
  ['zoom', ['z']],
];
for (const [name, keys] of views) {
  test(`practice, at work: ${name}, 80x24`, async () => {
    const { story, outputs } = practiceAtWork();
    await expect(await pictureOf(practiceFleet, story, [80, 24], keys, outputs)).toMatchFileSnapshot(`view-${name}-80x24.txt`);
  });
}

test('a start on many hosts of a real fleet asks for their number, 80x24', async () => {
  const keys = ['a', 'n', ...'uptime', 'enter'];
  await expect(await pictureOf(kernelPatchFleet, kernelPatch(), [80, 24], keys)).toMatchFileSnapshot('view-start-80x24.txt');
});

test.each([
  [
    [80, 24],
    ['j', 'j', 'j', 'j', 'j'],
  ],
  [[120, 40], []],
] as const)('a bastion that does not answer, %j', async (size, keys) => {
  const { fleet, story } = behindBastion();
  await expect(await pictureOf(fleet, story, size, keys)).toMatchFileSnapshot(`bastion-away-${size.join('x')}.txt`);
});

test('a roll: its tab, 80x24', async () => {
  await expect(await pictureOf(kernelPatchFleet, kernelPatch(), [80, 24], ['3'])).toMatchFileSnapshot('view-roll-300-80x24.txt');
});

test('too small is one line', async () => {
  const picture = await pictureOf(practiceFleet, storyOf(practiceFleet), [80, 24]);
  expect(picture).toContain('PRACTICE');
  const terminal = openTerminal(50, 10);
  const { session } = sessionOver(practiceFleet);
  const ended = startConsole({ session, stdin: terminal.stdin, stdout: terminal.stdout, env: {}, process });
  const screen = await terminal.waitFor('need 60x15, have 50x10');
  expect(screen.split('\n').filter(line => line.trim() !== '')).toHaveLength(1);
  session.keys(['ctrl-c', 'ctrl-c']);
  await ended;
  terminal.dispose();
});
