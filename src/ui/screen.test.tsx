// The screen as a component: keys through Ink's own input, frames as it would write them. What is left on a terminal is judged in test/scripts.
import { cleanup, render } from 'ink-testing-library';
import { afterEach, expect, test, vi } from 'vitest';
import { practiceFleet, sessionOver, storyOf } from '../../test/support/console.ts';
import { practiceAtWork } from '../../test/support/nights.ts';
import { PaneGuard } from './PaneGuard.tsx';
import { Screen } from './Screen.tsx';

// A busy machine draws late; the waits below end when they have their facts.
vi.setConfig({ testTimeout: 60_000 });

afterEach(cleanup);

const control = { redraw: () => {}, suspend: async () => {} };

const show = (over: ReturnType<typeof sessionOver>) => {
  const { lastFrame, stdin } = render(<Screen session={over.session} palette="plain" control={control} />);
  const waitFor = (text: string): Promise<void> => vi.waitFor(() => expect(lastFrame()).toContain(text), { timeout: 60_000, interval: 5 });
  return { lastFrame, stdin, waitFor };
};

test('a chunk of several keys moves several times, and the order of keys is kept', async () => {
  const { stdin, waitFor } = show(sessionOver(practiceFleet, storyOf(practiceFleet)));
  await waitFor('>canary1');
  stdin.write('jjjk');
  await waitFor('>web2');
  stdin.write('\x1b[A\x1b[A');
  await waitFor('>canary1');
});

test('help comes from the list of commands, and Esc takes it away', async () => {
  const { stdin, waitFor, lastFrame } = show(sessionOver(practiceFleet, practiceAtWork().story));
  await waitFor('RUNNING');
  stdin.write('?');
  await waitFor('Change the world');
  stdin.write('\x1b');
  await vi.waitFor(() => expect(lastFrame()).toContain('needs a hand'), { timeout: 60_000 });
});

test('a handler that throws becomes a line on the screen', async () => {
  const over = sessionOver(practiceFleet, storyOf(practiceFleet));
  const broken = {
    ...over.session,
    keys: () => {
      throw new Error('a bug');
    },
  };
  const { stdin, waitFor } = show({ ...over, session: broken });
  await waitFor('PRACTICE');
  stdin.write('j');
  await waitFor('that key failed: a bug');
});

test('a pane has exactly the height it was given, whatever it draws', () => {
  const pane = (draw: () => readonly string[]) => ({ name: 'p', height: 2, draw });
  const frameOf = (draw: () => readonly string[]): string[] | undefined =>
    render(<PaneGuard pane={pane(draw)} columns={5} />)
      .lastFrame()
      ?.split('\n');
  expect(frameOf(() => ['a', 'b', 'c', 'd'])).toEqual(['a', 'b']);
  expect(frameOf(() => ['a'])).toHaveLength(2);
  const failed = frameOf(() => {
    throw new Error('no');
  });
  expect(failed).toHaveLength(2);
});
