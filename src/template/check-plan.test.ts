import { expect, test } from 'vitest';
import type { Plan } from '../domain/plan.ts';
import { adHocPlan } from '../domain/plan.ts';
import type { Task } from '../domain/task.ts';
import { checkPlan } from './check-plan.ts';

const planOf = (change: Partial<Task>): Plan => {
  const plan = adHocPlan({ pattern: 'all', command: 'echo {{ a }}', module: 'shell', async: 0 });
  const plays = plan.plays.map(play => ({ ...play, tasks: play.tasks.map(task => ({ ...task, ...change })) }));
  return { ...plan, plays };
};
const position = { file: 'p.yml', line: 3, column: 7 };
const cause = (plan: Plan): string => {
  const checked = checkPlan(plan);
  return checked.ok ? 'was accepted' : checked.failure.cause;
};

test('what can be read passes, whatever it names', () => {
  expect(
    checkPlan(planOf({ when: ['nosuch.x == 1', '{{ y }}'], until: ['result is finished'], vars: { a: ['{{ b|default(1) }}'] } })).ok,
  ).toBe(true);
});

test.each<[Partial<Task>, RegExp]>([
  [{ when: ['a =='], position }, /^p\.yml:3:7: "a ==" cannot be read: /],
  [{ until: ['a is'], position }, /^p\.yml:3:7: "a is" cannot be read: /],
  [
    { module: { name: 'shell', args: { cmd: 'ls {{ a' } }, position },
    /^p\.yml:3:7: "ls \{\{ a" cannot be read: \{\{ has no \}\} behind it$/,
  ],
  [{ module: { name: 'shell', args: { cmd: '{% if a %}x' } } }, /^"\{% if a %\}x" cannot be read: /],
  [{ module: { name: 'debug', args: { var: 'a..b' } } }, /^"a\.\.b" cannot be read: /],
  [{ vars: { x: { y: ['{{ 1 + }}'] } } }, /^"\{\{ 1 \+ \}\}" cannot be read: /],
])('%j is refused before anything runs', (change, sentence) => {
  expect(cause(planOf(change))).toMatch(sentence);
});

test('variables of a play are read too, and verbatim tasks are left alone', () => {
  const plan = planOf({});
  expect(cause({ ...plan, plays: plan.plays.map(play => ({ ...play, vars: { x: '{{' } })) })).toMatch(
    /^variables of play "echo \{\{ a \}\}": /,
  );
  expect(checkPlan(planOf({ templates: 'verbatim', module: { name: 'shell', args: { cmd: 'docker ps --format {{.ID}} {{' } } })).ok).toBe(
    true,
  );
});
