// J finds jobs begun elsewhere: it asks first, says where it looked, and what is somebody else's is ended only by name.
import { beforeEach, expect, test } from 'vitest';
import { fleetOf, numbered, sessionOver, storyOf } from '../../test/support/console.ts';
import { type Jid, jidOf } from '../domain/job.ts';
import { type SafeLine, withoutColours } from '../domain/safe-line.ts';
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

const fleet = fleetOf({ web: numbered('web', 3, 2) });
const run = 'ab'.repeat(16);

/** Run 3 is run 12 of ops2@laptop1, with a job on web01. */
const adopted = () => {
  const story = storyOf(fleet);
  const jid: Jid = jidOf({ runId: run, taskPath: '0.0', host: 'web01', item: 0, attempt: 1 });
  const task = {
    path: '0.0',
    name: 'sleep 60',
    module: { name: 'shell', args: { cmd: 'sleep 60' } },
    async: 60,
    retries: 3,
    delay: 5,
  } as const;
  const plan = {
    title: 'nightly backup',
    plays: [
      {
        name: 'x',
        pattern: 'web01',
        hosts: ['web01'],
        vars: {},
        strategy: 'linear',
        tasks: [{ ...task, vars: {}, noLog: false, templates: 'verbatim' }],
      },
    ],
  } as const;
  const other = story.queue(1, 'true', ['web02'], 90);
  const { options } = story.state.runs.get(other) ?? {};
  if (options === undefined) throw new Error('no run');
  const origin = { kind: 'rollcall', number: 12, operator: 'ops2', machine: 'laptop1' } as const;
  story.tell({ type: 'run.adopted', at: story.at(60), run, number: 3, fleet: fleet.id, plan, options, origin });
  story.tell({
    type: 'job.adopted',
    at: story.at(60),
    jid,
    run,
    host: 'web01',
    path: '0.0',
    attempt: 1,
    command: 'sleep 60',
    on: { pid: 7, bootId: 'b', startedThere: 1, startedAt: story.at(600), limit: 3600 },
    adopted: { at: { kind: 'rollcall' }, operator: 'ops2', machine: 'laptop1', owner: 'others', batch: '3/8', become: 'root' },
  });
  return { over: sessionOver(fleet, story), jid };
};

beforeEach(() => {
  process.env.TZ = 'UTC';
});

test('J asks all hosts only after Enter, b takes every account, and the answer stands in the dialog', async () => {
  const over = sessionOver(fleet, storyOf(fleet));
  press(over, 'J');
  expect(screenText(over)).toContain('3 hosts  web[01-03]');
  expect(over.asked.filter(({ verb }) => verb === 'adopt')).toEqual([]);
  press(over, 'b', 'enter');
  expect(over.asked.filter(({ verb }) => verb === 'adopt')).toMatchObject([
    { verb: 'adopt', hosts: ['web01', 'web02', 'web03'], become: 'yes' },
  ]);
  expect(screenText(over)).toContain('asking …');
  await Promise.resolve();
  await Promise.resolve();
  expect(screenText(over)).toContain('nothing new was found; looked as ops in /home/ops on web[01-03]');
});

test('marked hosts only are asked; Esc asks nobody', () => {
  const over = sessionOver(fleet, storyOf(fleet));
  press(over, 'space', 'J', 'esc', 'J', 'enter');
  expect(over.asked.filter(({ verb }) => verb === 'adopt')).toMatchObject([{ hosts: ['web01'], become: 'no' }]);
});

test('a job that somebody else began is in the grid, and is ended only with its owner on the screen', () => {
  const { over, jid } = adopted();
  press(over, '2');
  expect(screenText(over)).toContain('(12@laptop1) nightly backup');
  press(over, '1', 'enter');
  expect(screenText(over)).toContain('from 12@laptop1, started by ops2@laptop1, batch 3/8, run as root');
  press(over, 'X');
  expect(screenText(over)).toContain('started by ops2@laptop1');
  press(over, 'c');
  expect(over.asked.filter(({ verb }) => verb === 'cancel')).toEqual([{ verb: 'cancel', on: { jids: [jid] }, confirmed: 'yes' }]);
});
