import { execFileSync, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ok } from '../domain/result.ts';
import type { ModuleCall } from '../domain/task.ts';
import type { Value, Vars } from '../domain/value.ts';
import { actionOf } from './catalogue.ts';
import type { Reader } from './module.ts';
import { joinWords, splitWords } from './words.ts';

/** Renders `<x>` as the variable x, so that these tests need no interpreter. */
const vars: Vars = { x: 'hello', n: 5, list: ['a', 'b'] };
const reader: Reader = {
  render: value => ok(typeof value === 'string' && /^<\w+>$/.test(value) ? (vars[value.slice(1, -1)] ?? null) : value),
  evaluate: name =>
    vars[name] === undefined
      ? { ok: false, failure: name === 'bad' ? 'cannot be read' : `in "${name}": '${name}' is undefined` }
      : ok(vars[name] as Value),
  holds: condition => (condition === 'bad' ? { ok: false, failure: 'cannot be read' } : ok(vars[condition] !== undefined)),
};
const act = (name: ModuleCall['name'], args: Vars) => actionOf({ name, args }, reader);
const scriptOf = (name: 'shell' | 'command', args: Vars): string => {
  const action = act(name, args);
  if (!action.ok || action.value.kind !== 'job') throw new Error(action.ok ? action.value.kind : action.failure);
  return action.value.script;
};
const run = (script: string): string =>
  execFileSync('/bin/sh', ['-c', script], { env: { HOME: '/', A: 'one two', PATH: process.env['PATH'] }, encoding: 'utf8' });

test('shell hands its text to sh as it is', () => {
  expect(act('shell', { cmd: 'echo "$A" | tr o 0' })).toEqual(
    ok({ kind: 'job', script: 'echo "$A" | tr o 0', command: 'echo "$A" | tr o 0' }),
  );
  expect(run(scriptOf('shell', { cmd: 'echo "$A" | tr o 0' }))).toBe('0ne tw0\n');
  expect(scriptOf('shell', { cmd: '<x>' })).toBe('hello');
  expect(scriptOf('shell', { cmd: 'a\r\nb' })).toBe('a\nb');
});

test('both run in the folder that chdir names, and not at all when there is none', () => {
  expect(run(scriptOf('shell', { cmd: 'pwd', chdir: '/usr' }))).toBe('/usr\n');
  expect(run(scriptOf('command', { cmd: 'pwd', chdir: '~/usr' }))).toBe('/usr\n');
  const nowhere = scriptOf('shell', { cmd: 'echo ran', chdir: "/no such 'folder" });
  const ended = spawnSync('/bin/sh', ['-c', nowhere], { encoding: 'utf8' });
  expect([ended.status === 0, ended.stdout]).toEqual([false, '']);
  expect(ended.stderr).toContain("/no such 'folder");
});

test.each<[Vars, string]>([
  [{ cmd: '"printf" "%s\\n" a "b  c" \'d"e\' f\\ g' }, 'a\nb  c\nd"e\nf g\n'],
  [{ cmd: 'printf "%s\\n" ; echo no | cat' }, ';\necho\nno\n|\ncat\n'],
  [{ cmd: "printf '%s\\n' $A ${A}x $NOSUCH ${NOSUCH}x ~ a~ ~b '$A'" }, 'one two\none twox\n$NOSUCH\n${NOSUCH}x\n/\na~\n~b\none two\n'],
  [{ argv: ['printf', '%s\\n', "it's", '', '*', '$(id)', '`id`'] }, "it's\n\n*\n$(id)\n`id`\n"],
])('command %j passes words, not a shell text', (args, expected) => {
  expect(run(scriptOf('command', args))).toBe(expected);
});

test.each<[string, readonly string[]]>([
  ['a  b\tc\nd', ['a', 'b', 'c', 'd']],
  ['a"b c"d', ['ab cd']],
  ["''", ['']],
  ['"a\\"b\\\\c\\d"', ['a"b\\c\\d']],
  ["'a\\b'", ['a\\b']],
  ['a\\ b', ['a b']],
  ['', []],
])('%j is cut as shlex cuts it', (text, words) => {
  expect(splitWords(text)).toEqual(ok(words));
  expect(splitWords(joinWords(words))).toEqual(ok(words));
});

test.each<[ModuleCall['name'], Vars, string]>([
  ['shell', { cmd: ' ' }, 'the command is empty'],
  ['shell', { cmd: '<list>' }, 'cmd must be a text, but it is a list, a mapping or a truth value'],
  ['shell', { cmd: 'a\0b' }, 'the command holds a NUL byte; take it out'],
  ['command', { cmd: '' }, 'the command is empty'],
  ['command', { cmd: 'a', argv: ['b'] }, 'only one of cmd and argv can be given'],
  ['command', { argv: [['a']] }, 'argv must be a list of texts'],
  ['command', { cmd: 'echo "a' }, 'the command has a " that nothing closes; close it, or put a backslash before it'],
  ['command', { cmd: 'echo \\' }, 'the command ends in a backslash; double it, or take it out'],
  ['debug', { msg: 'a', var: 'b' }, "'msg' and 'var' are incompatible options"],
  ['debug', { var: 'bad' }, 'cannot be read'],
  ['debug', { var: ['x'] }, 'var must be the name of a variable or an expression'],
  ['assert', { that: [{}] }, 'that must be a condition or a list of conditions'],
  ['assert', { that: 'bad' }, 'cannot be read'],
  ['set_fact', {}, 'set_fact needs a variable; write `name: value` below it'],
  ['set_fact', { 'a-b': 1 }, '"a-b" cannot name a variable; use letters, digits and _, not beginning with a digit'],
  ['async_status', { jid: '../etc' }, '"../etc" is no job id; use the ansible_job_id of the task that started it'],
  ['async_status', { jid: '' }, 'async_status needs jid; register the task that starts the job'],
  ['async_status', { jid: 'j1.1', mode: 'kill' }, 'value of mode must be one of: status, cleanup, got: kill'],
])('%s %j is refused: %s', (name, args, sentence) => {
  expect(act(name, args)).toEqual({ ok: false, failure: sentence });
});

test('debug says a text, a value or that there is none', () => {
  const said = (args: Vars) => {
    const action = act('debug', args);
    return action.ok && action.value.kind === 'local' ? action.value.value : action;
  };
  expect(said({})).toEqual({ msg: 'Hello world!', changed: false });
  expect(said({ msg: '<list>' })).toEqual({ msg: ['a', 'b'], changed: false });
  expect(said({ var: 'n' })).toEqual({ n: 5, changed: false });
  expect(said({ var: '{{ n }}' })).toEqual({ n: 5, changed: false });
  expect(said({ var: 'nosuch' })).toEqual({ nosuch: 'VARIABLE IS NOT DEFINED!', changed: false });
});

test.each<[ModuleCall['name'], Vars, Vars]>([
  ['fail', {}, { msg: 'Failed as requested from task', changed: false, failed: true }],
  ['fail', { msg: '<x>' }, { msg: 'hello', changed: false, failed: true }],
  ['assert', { that: 'x' }, { msg: 'All assertions passed', changed: false }],
  ['assert', { that: ['x', 'n'], success_msg: 'fine' }, { msg: 'fine', changed: false }],
  ['assert', { that: ['x', 'y'] }, { assertion: 'y', evaluated_to: false, msg: 'Assertion failed', changed: false, failed: true }],
  ['assert', { that: 'y', fail_msg: '<x>' }, { assertion: 'y', evaluated_to: false, msg: 'hello', changed: false, failed: true }],
  ['set_fact', { a: '<list>', cacheable: true }, { ansible_facts: { a: ['a', 'b'] }, changed: false }],
])('%s %j is done here', (name, args, value) => {
  expect(act(name, args)).toEqual(ok({ kind: 'local', value }));
});

test('async_status waits, or forgets', () => {
  expect(act('async_status', { jid: 'j12.1' })).toEqual(ok({ kind: 'wait', jid: 'j12.1' }));
  expect(act('async_status', { jid: 'j12.1', mode: 'cleanup' })).toEqual(ok({ kind: 'clean', jid: 'j12.1' }));
});
