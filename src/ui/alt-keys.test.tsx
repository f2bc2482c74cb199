// Esc and the next key in one read look like Alt with that key: the dialog is left, and nothing is confirmed. Through Ink's own input.
import { cleanup, render } from 'ink-testing-library';
import { afterEach, expect, test, vi } from 'vitest';
import { fleetOf, numbered, sessionOver, storyOf } from '../../test/support/console.ts';
import { topMode } from '../app/console-state.ts';
import { Screen } from './Screen.tsx';

// A busy machine draws late; the waits below end when they have their facts.
vi.setConfig({ testTimeout: 60_000 });

afterEach(cleanup);

const fleet = fleetOf({ web: numbered('web', 4, 1) }, { label: 'PROD', practice: 'no', source: 'prod.yml' });

/** One host runs, one failed. */
const story = () => {
  const told = storyOf(fleet);
  const run = told.queue(1, 'apt-get upgrade', ['web1', 'web2'], 60);
  told.openBatch(run, 1, 60);
  told.start(told.request(run, 'web1', 60), 59);
  told.end(told.request(run, 'web2', 60), { kind: 'failed', rc: 2, elapsed: 1 }, 58);
  return told;
};

const show = async (keys: readonly string[]) => {
  const over = sessionOver(fleet, story());
  const control = { redraw: () => {}, suspend: async () => {} };
  const { lastFrame, stdin } = render(<Screen session={over.session} palette="plain" control={control} />);
  await vi.waitFor(() => expect(lastFrame()).toContain('>'), { timeout: 60_000, interval: 5 });
  const mode = () => topMode(over.session.store.getState().view);
  for (const key of keys) {
    over.clock.pass(500);
    over.session.keys([key]);
  }
  over.clock.pass(500);
  const write = async (bytes: string): Promise<void> => {
    const { frame } = over.session.store.getState();
    stdin.write(bytes);
    await vi.waitFor(() => expect(over.session.store.getState().frame).toBeGreaterThan(frame), { timeout: 60_000, interval: 5 });
  };
  const verbs = () => over.asked.map(ask => ask.verb).filter(verb => verb !== 'watch' && verb !== 'output');
  return { mode, write, verbs };
};

const dialogs: readonly (readonly [name: string, keys: readonly string[], kind: string, below: string | undefined])[] = [
  ['the prompt', ['a', 'n', ...'uptime'], 'prompt', undefined],
  ['start?', ['a', 'n', ...'uptime', 'enter'], 'start', 'prompt'],
  ['retry', ['R'], 'retry', undefined],
  ['cancel, on its button', ['X', 'tab'], 'cancel', undefined],
  ['cancel', ['X'], 'cancel', undefined],
  ['abort', ['3', 'A', 'tab'], 'cancel', undefined],
];
const sayings = ['\x1b\r', '\x1b\n', '\x1b\r\r', '\x1b\r\n', '\x1b\x1b[C\r', '\x1by', '\x1bc', '\x1bcc', '\x1bf\r', '\x1b\t\r'];
for (const [name, keys, kind, below] of dialogs) {
  test(`${name}: Esc with a key behind it, in one read, is Esc alone`, async () => {
    for (const bytes of sayings) {
      const { mode, write, verbs } = await show(keys);
      expect(mode()?.kind).toBe(kind);
      await write(bytes);
      expect([JSON.stringify(bytes), verbs(), mode()?.kind]).toEqual([JSON.stringify(bytes), [], below]);
      cleanup();
    }
  });
}

test('keys before the Esc of a read are heard, those behind it are not', async () => {
  const { mode, write, verbs } = await show(['a', 'n', ...'uptime', 'enter']);
  await write('c\x1b\rX');
  expect(verbs()).toEqual([]);
  expect(mode()).toMatchObject({ kind: 'prompt', command: { text: 'uptime' } });
});
