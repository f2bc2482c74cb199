// The dialog in which people answer what hosts want to be told: it hides what is typed, sends it once, and can be put away.
import { beforeAll, expect, test } from 'vitest';
import { fleetOf, numbered, sessionOver, storyOf } from '../../test/support/console.ts';
import type { Question } from '../domain/need.ts';
import { type SafeLine, withoutColours } from '../domain/safe-line.ts';
import { topMode } from './console-state.ts';
import { screenOf } from './screen.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

const fleet = fleetOf({ web: numbered('web', 4, 1) }, { label: 'PROD', practice: 'no', source: 'prod.yml' });
const account = (host: string) => ({ host, user: 'ops', at: `ops@${host}:22` });
const password: Question = {
  id: 'password prod ops',
  need: { kind: 'password', account: account('web1') },
  hosts: ['web1', 'web2', 'web3'],
};
const hostKey = (host: string): Question => ({
  id: `host-key ${host}`,
  need: { kind: 'host-key', account: account(host), type: 'ED25519', fingerprint: `SHA256:${host}`, file: '/home/ops/.ssh/known_hosts' },
  hosts: [host],
});

type Over = ReturnType<typeof sessionOver>;

const press = (over: Over, ...keys: readonly string[]): void => {
  for (const key of keys) {
    over.clock.pass(1100);
    over.session.keys([key]);
  }
};
const mode = ({ session }: Over) => topMode(session.store.getState().view);
const answers = ({ asked }: Over) => asked.filter(({ verb }) => verb === 'answer');
const screenText = ({ session }: Over): string =>
  screenOf(session.store.getState(), 'plain', session.chooseHosts)
    .panes.flatMap(pane => pane.draw())
    .map(row => withoutColours(row as SafeLine).trimEnd())
    .join('\n');

test('it opens by itself, shows dots, and sends what was typed at Enter', () => {
  const over = sessionOver(fleet);
  over.push({ kind: 'questions', questions: [password] });
  over.session.keys(['q', 'enter']);
  expect(mode(over)).toMatchObject({ kind: 'answer', line: { text: '' } });
  press(over, ...'hunter2');
  const screen = screenText(over);
  expect(screen).toContain('the password of ops: •••••••');
  expect(screen).toContain('3 hosts wait  web[1-3]');
  expect(screen).not.toContain('hunter2');
  press(over, 'ctrl-u', ...'right', 'enter');
  expect(answers(over)).toEqual([{ verb: 'answer', questions: [password.id], values: ['right'] }]);
  expect(mode(over)).toBeUndefined();
});

test('hosts that wait are held, not starting, and can still be cancelled', () => {
  const story = storyOf(fleet);
  const run = story.queue(1, 'uptime', ['web1', 'web2'], 10);
  story.openBatch(run, 1, 9);
  for (const host of ['web1', 'web2']) story.request(run, host, 8);
  const over = sessionOver(fleet, story);
  over.push({ kind: 'questions', questions: [{ ...password, hosts: ['web1'] }] });
  press(over, 'esc');
  expect(screenText(over)).toMatch(/web1 +H held[\s\S]*web2 +C starting/);
  expect(screenText(over)).toContain('held 1');
  press(over, 'X');
  expect(mode(over)).toMatchObject({ kind: 'cancel', hosts: ['web1'] });
});

test('whoever waits for something else is not counted along', () => {
  const over = sessionOver(fleet);
  over.push({ kind: 'questions', questions: [password, { ...hostKey('web9'), hosts: ['web9'] }] });
  press(over, 'esc');
  press(over, 'esc');
  expect(screenText(over)).toContain('3 hosts wait for the password of ops; 1 more answer is asked for   p answers');
});

test('Esc puts it away until p, or until the value before was turned down', () => {
  const over = sessionOver(fleet);
  over.push({ kind: 'questions', questions: [password] });
  press(over, 'esc');
  expect(mode(over)).toBeUndefined();
  over.push({ kind: 'questions', questions: [{ ...password, hosts: ['web1', 'web2', 'web3', 'web4'] }] });
  expect(mode(over)).toBeUndefined();
  expect(screenText(over)).toContain('4 hosts wait for the password of ops   p answers');
  press(over, 'p');
  expect(mode(over)).toMatchObject({ kind: 'answer' });
  press(over, 'esc');
  over.push({ kind: 'questions', questions: [{ ...password, refused: { host: 'web2', elsewhere: 'not-accepted' } }] });
  expect(mode(over)).toMatchObject({ kind: 'answer' });
  expect(screenText(over)).toContain('web2 turned the last one down');
  press(over, 'esc');
  over.push({ kind: 'questions', questions: [] });
  over.push({ kind: 'questions', questions: [{ ...password, refused: { host: 'web2', elsewhere: 'not-accepted' } }] });
  expect(mode(over)).toMatchObject({ kind: 'answer' });
});

test('what is typed when somebody else answers never reaches the next question', () => {
  const over = sessionOver(fleet);
  const key: Question = { id: 'next', need: { kind: 'passphrase', path: '/home/ops/.ssh/id', host: 'web9' }, hosts: ['web9'] };
  over.push({ kind: 'questions', questions: [password] });
  press(over, ...'half');
  over.push({ kind: 'questions', questions: [key] });
  press(over, ...'ofit');
  expect(screenText(over)).toContain('no longer asked');
  press(over, 'enter');
  expect(answers(over)).toEqual([]);
  expect(mode(over)).toMatchObject({ kind: 'answer', ids: ['next'], line: { text: '' } });
});

test('a secret typed for another question is not shown where yes is asked for', () => {
  const over = sessionOver(fleet);
  over.push({ kind: 'questions', questions: [hostKey('web1')] });
  press(over, ...'ye');
  expect(screenText(over)).toContain('yes or no: ye');
  press(over, ...'llow');
  expect(screenText(over)).not.toContain('yellow');
});

test('a dialog that somebody else has answered goes away, and one that is open is not covered', () => {
  const over = sessionOver(fleet);
  press(over, 'n');
  over.push({ kind: 'questions', questions: [password] });
  expect(mode(over)).toMatchObject({ kind: 'prompt' });
  press(over, 'esc', 'p');
  over.push({ kind: 'questions', questions: [] });
  expect(mode(over)).toBeUndefined();
});

test('a paste is taken without its line end, and one of several lines is not', () => {
  const over = sessionOver(fleet);
  over.push({ kind: 'questions', questions: [password] });
  over.clock.pass(2000);
  over.session.paste('a\nb');
  over.session.paste('pass word\n');
  press(over, 'enter');
  expect(answers(over)).toMatchObject([{ values: ['pass word'] }]);
});

test('host keys are answered together by yes in full, and refused by no', () => {
  const over = sessionOver(fleet);
  over.push({ kind: 'questions', questions: [hostKey('web1'), hostKey('web2')] });
  press(over, 'y', 'enter');
  expect(screenText(over)).toContain('type yes or no, in full');
  expect(screenText(over)).toMatch(/web2 +ED25519 SHA256:web2 {2}→ \/home\/ops\/.ssh\/known_hosts/);
  press(over, 'e', 's', 'enter');
  expect(answers(over)).toEqual([{ verb: 'answer', questions: ['host-key web1', 'host-key web2'], values: ['yes'] }]);
  over.push({ kind: 'questions', questions: [hostKey('web3')] });
  press(over, 'n', 'o', 'enter');
  expect(answers(over)[1]).toEqual({ verb: 'answer', questions: ['host-key web3'], refuse: true });
});

test('codes are asked one prompt after the other, and shown where the host says so', () => {
  const over = sessionOver(fleet);
  const prompts = [
    { text: 'Token name:', echo: true },
    { text: 'Code:', echo: false },
  ];
  over.push({
    kind: 'questions',
    questions: [
      { id: 'c', need: { kind: 'codes', account: account('web1'), name: '2FA', instruction: 'one each', prompts }, hosts: ['web1'] },
    ],
  });
  press(over, ...'tk');
  expect(screenText(over)).toContain('Token name: tk');
  press(over, 'enter', ...'123');
  expect(screenText(over)).toContain('Code: •••');
  press(over, 'enter');
  expect(answers(over)).toEqual([{ verb: 'answer', questions: ['c'], values: ['tk', '123'] }]);
});
