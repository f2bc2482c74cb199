import { expect, test } from 'vitest';
import { courseAfter, courseAt, isRescued, type Outcome } from './course.ts';
import type { Play } from './plan.ts';
import { type Task, taskDefaults } from './task.ts';

/** `a b/rescue`: path a in the rescue of block b; the outermost block first. */
const taskOf = (line: string, more: Partial<Task> = {}): Task => {
  const [path = '', ...around] = line.split(' ');
  const within = around.map(word => {
    const [block = '', part = 'block'] = word.split('/');
    return { block, part: part as 'block' | 'rescue' | 'always' };
  });
  return { ...taskDefaults, path, name: path, module: { name: 'debug', args: {} }, ...(within.length > 0 && { within }), ...more };
};

const playOf = (...tasks: readonly Task[]): Play => ({ name: 'p', pattern: 'all', hosts: [], vars: {}, strategy: 'linear', tasks });

/** The way a host goes on which these tasks fail; `!` behind a path: it failed; the last word tells how it ended. */
const way = (play: Play, failing: readonly string[], change: readonly string[] = []): string => {
  const went: string[] = [];
  let task = play.tasks[0];
  let course = courseAt(task as Task, 1);
  while (task !== undefined) {
    const how: Outcome['how'] = failing.includes(task.path) ? 'failed' : 'well';
    went.push(how === 'failed' ? `${task.path}!` : task.path);
    course = courseAfter(play, course, task, { how, changed: change.includes(task.path) });
    task = play.tasks.find(({ path }) => path === course.next);
    if (went.length > 50) throw new Error('it goes in circles');
  }
  return [...went, course.out === undefined ? 'through' : `out at ${course.out.path}`].join(' ');
};

const plain = playOf(...['1', '2', '3'].map(path => taskOf(path)));
const rescued = playOf(...['1 b', '2 b', '3 b/rescue', '4 b/rescue', '5 b/always', '6'].map(line => taskOf(line)));
const always = playOf(...['1 b', '2 b', '3 b/always', '4'].map(line => taskOf(line)));
const nested = playOf(
  ...['1 o', '2 o i', '3 o i/always', '4 o', '5 o/rescue', '6 o/rescue i2', '7 o/rescue i2/rescue', '8 o/always', '9'].map(line =>
    taskOf(line),
  ),
);

test.each<[Play, string, string]>([
  [plain, '', '1 2 3 through'],
  [plain, '2', '1 2! out at 2'],
  [rescued, '', '1 2 5 6 through'],
  [rescued, '1', '1! 3 4 5 6 through'],
  [rescued, '2', '1 2! 3 4 5 6 through'],
  [rescued, '2 3', '1 2! 3! 5 out at 3'],
  [rescued, '2 4', '1 2! 3 4! 5 out at 4'],
  [rescued, '2 4 5', '1 2! 3 4! 5! out at 5'],
  [rescued, '5', '1 2 5! out at 5'],
  [always, '1', '1! 3 out at 1'],
  [always, '', '1 2 3 4 through'],
  [nested, '', '1 2 3 4 8 9 through'],
  [nested, '2', '1 2! 3 5 6 8 9 through'],
  [nested, '2 3', '1 2! 3! 5 6 8 9 through'],
  [nested, '1 6', '1! 5 6! 7 8 9 through'],
  [nested, '1 6 7', '1! 5 6! 7! 8 out at 7'],
  [nested, '4', '1 2 3 4! 5 6 8 9 through'],
  [playOf(...['1 b', '2 b/rescue'].map(line => taskOf(line))), '1', '1! 2 through'],
  [playOf(...['1 b', '2 b/rescue'].map(line => taskOf(line))), '', '1 through'],
])('a host goes its way, %#: failing [%s]', (play, failing, expected) => {
  expect(way(play, failing.split(' '))).toBe(expected);
});

const handled = playOf(
  taskOf('1', { notifies: [0, 2] }),
  taskOf('2', { notifies: [0] }),
  taskOf('3', { handler: 0, notifies: [1] }),
  taskOf('4', { handler: 1 }),
  taskOf('5', { handler: 2 }),
  taskOf('6', { notifies: [2] }),
  taskOf('7', { handler: 0 }),
  taskOf('8', { handler: 1 }),
  taskOf('9', { handler: 2 }),
);

test.each<[string, string, string]>([
  ['', '', '1 2 6 through'],
  ['2', '', '1 2 3 6 through'],
  ['1 2', '', '1 2 3 5 6 through'],
  ['1 3', '', '1 2 3 4 5 6 through'],
  ['6', '', '1 2 6 9 through'],
  ['1 6', '', '1 2 3 5 6 9 through'],
  ['1', '2', '1 2! out at 2'],
])('handlers run where they are due, once, in their order: changed [%s] failed [%s]', (changed, failing, expected) => {
  expect(way(handled, failing.split(' '), changed.split(' '))).toBe(expected);
});

test('nothing looks after a host that could not be reached', () => {
  const [first] = rescued.tasks as [Task];
  const course = courseAfter(rescued, courseAt(first, 1), first, { how: 'unreachable', changed: false });
  expect(course).toEqual({ batch: 1, troubled: [], notified: [], out: { path: '1', how: 'unreachable' } });
});

test('a retry in a rescue goes on to its end', () => {
  const task = rescued.tasks[3] as Task;
  expect(courseAfter(rescued, courseAt(task, 2), task, { how: 'well', changed: false })).toMatchObject({ next: '5', troubled: [] });
});

test('a failure counts as rescued where any block around it has a rescue', () => {
  expect(nested.tasks.filter(task => isRescued(nested, task)).map(({ path }) => path)).toEqual(['1', '2', '3', '4', '6']);
});
