// A log that is wrapped shows every character, also wide ones, and scrolls by the rows that are shown.
import { expect, test } from 'vitest';
import { practiceFleet, sessionOver, storyOf } from '../../test/support/console.ts';
import { type SafeLine, withoutColours } from '../domain/safe-line.ts';
import { screenOf } from './screen.ts';

const lines = Array.from({ length: 60 }, (_, at) => `line ${at} ${'日本語'.repeat(30)} end ${at}.`);

/** The log of web1 at 80x24 after some keys. */
const logAfter = async (...keys: readonly string[]): Promise<string[]> => {
  const story = storyOf(practiceFleet);
  const run = story.queue(1, 'uptime', ['web1'], 60);
  story.openBatch(run, 1, 60);
  const jid = story.request(run, 'web1', 60);
  story.start(jid, 59);
  story.output(jid, 9000, 'end', 9);
  const { session, clock } = sessionOver(practiceFleet, story, new Map([[jid, `${lines.join('\n')}\n`]]));
  for (const key of ['j', 'l', ...keys]) {
    clock.pass(500);
    session.keys([key]);
    await new Promise(resolve => setImmediate(resolve));
  }
  return screenOf(session.store.getState(), 'plain', session.chooseHosts)
    .panes.flatMap(pane => pane.draw())
    .map(row => withoutColours(row as SafeLine).trim());
};

test('a wrapped line is whole', async () => {
  const rows = await logAfter('w');
  expect(rows.slice(0, -2).join('')).toContain(`line 59 ${'日本語'.repeat(30)} end 59.`);
});

test('k in a wrapped log goes up one row, and a search finds the row where the text is', async () => {
  const end = await logAfter('w');
  const up = await logAfter('w', 'k');
  expect(up.slice(4, 20)).toEqual(end.slice(3, 19));
  const found = await logAfter('w', '/', ...'end 7.', 'enter');
  expect(found.find(row => row.startsWith('>'))).toContain('end 7.');
});
