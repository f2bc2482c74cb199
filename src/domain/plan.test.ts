import { expect, test } from 'vitest';
import { buildInventory } from './inventory.ts';
import type { AdHoc } from './plan.ts';
import { adHocPlan, batchesOf, resolveHosts } from './plan.ts';
import { isLetGo, moduleShape } from './task.ts';

const uptime: AdHoc = { pattern: 'web', command: 'uptime', module: 'shell', async: 60, poll: 0 };
const hosts = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`);
const sizes = (count: number, serial?: number) => batchesOf(hosts(count), serial).map(batch => batch.length);

test('an ad hoc command is a play of one task', () => {
  const plan = adHocPlan({ ...uptime, serial: 5, once: 'nightly' });
  expect(plan).toMatchObject({ title: 'uptime', once: 'nightly' });
  expect(plan.plays).toHaveLength(1);
  expect(plan.plays[0]).toMatchObject({ name: 'uptime', pattern: 'web', hosts: [], serial: 5, strategy: 'linear' });
  expect(plan.plays[0]?.tasks).toEqual([
    {
      path: '0.0',
      name: 'uptime',
      module: { name: 'shell', args: { cmd: 'uptime' } },
      async: 60,
      poll: 0,
      retries: 3,
      delay: 5,
      vars: {},
      noLog: false,
      templates: 'render',
    },
  ]);
});

test('what was not said is absent, so defaults can still apply', () => {
  const { poll: _, ...unsaid } = uptime;
  const task = adHocPlan(unsaid).plays[0]?.tasks[0];
  expect(task && 'poll' in task).toBe(false);
  expect('serial' in (adHocPlan(unsaid).plays[0] ?? {})).toBe(false);
});

test('a plan survives the journal', () => {
  const plan = adHocPlan({ ...uptime, name: 'how long', serial: 2 });
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
});

test('the title is the first line of a long command, and nothing of a hidden one', () => {
  expect(adHocPlan({ ...uptime, command: `  echo ${'x'.repeat(200)}\necho 2` }).title).toHaveLength(80);
  expect(adHocPlan({ ...uptime, command: 'a\nb' }).title).toBe('a');
  const hidden = adHocPlan({ ...uptime, command: 'echo s3cret', noLog: true });
  expect(hidden.title).toBe('shell');
  expect(hidden.plays[0]?.tasks[0]).toMatchObject({ name: 'shell', noLog: true });
});

test('a task is let go only when nobody polls a detached job', () => {
  const taskOf = (wanted: AdHoc) => adHocPlan(wanted).plays[0]?.tasks[0];
  const [letGo, sync, polled] = [uptime, { ...uptime, async: 0 }, { ...uptime, poll: 5 }].map(taskOf);
  expect([letGo, sync, polled].map(task => task && isLetGo(task))).toEqual([true, false, false]);
});

test('hosts are filled in per play, warnings once', () => {
  const built = buildInventory(
    [{ kind: 'group', name: 'web', vars: {}, members: ['a', 'b'].map(name => ({ kind: 'host', name, vars: {} })) }],
    'here',
  );
  if (!built.ok) throw new Error(built.failure.cause);
  const one = adHocPlan(uptime);
  const plan = {
    ...one,
    plays: [
      ...one.plays,
      ...adHocPlan({ ...uptime, pattern: 'web[1]:nosuch' }).plays,
      ...adHocPlan({ ...uptime, pattern: 'nosuch' }).plays,
    ],
  };
  const resolved = resolveHosts(plan, built.value.inventory);
  expect(resolved.ok && resolved.value.plan.plays.map(play => play.hosts)).toEqual([['a', 'b'], ['b'], []]);
  expect(resolved.ok && resolved.value.warnings).toEqual(['Could not match supplied host pattern, ignoring: nosuch']);
  expect(resolveHosts(plan, built.value.inventory, '').ok).toBe(false);
});

// Sizes as Ansible cuts ten hosts.
test.each<[number | undefined, number[]]>([
  [undefined, [10]],
  [0, [10]],
  [-1, [10]],
  [4, [4, 4, 2]],
  [20, [10]],
  [1, Array.from({ length: 10 }, () => 1)],
])('serial %s cuts ten hosts into %j', (serial, expected) => {
  expect(sizes(10, serial)).toEqual(expected);
});

test('batches are the hosts in their order, and nobody makes no batch', () => {
  expect(batchesOf(hosts(5), 2)).toEqual([['n0', 'n1'], ['n2', 'n3'], ['n4']]);
  expect(batchesOf([], 3)).toEqual([]);
});

test('a module is known by its own name only', () => {
  expect(moduleShape('shell')?.freeForm).toBe('cmd');
  expect(moduleShape('constructor')).toBeUndefined();
});
