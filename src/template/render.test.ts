import { expect, test } from 'vitest';
import type { Value, Vars } from '../domain/value.ts';
import { isLoaded } from './engine.ts';
import { evaluate, holdsAll, renderText, renderValue } from './render.ts';
import type { Scope } from './scope.ts';
import { dataScope } from './scope.ts';

const vars: Vars = {
  n: 5,
  f: 1.5,
  t: true,
  z: null,
  d: { b: 1, c: null, q: "it's" },
  l: [1, 'a', null, false],
  s: '[1,2]',
  tt: 'True',
  result: { failed: false, changed: true, finished: 0, started: 1, rc: 3, stdout: 'a {{ n }} b', stdout_lines: ['x', 'y'] },
};
const scope = dataScope(vars);
const value = (text: string, inScope: Scope = scope): Value => {
  const rendered = renderValue(text, inScope);
  if (!rendered.ok) throw new Error(rendered.failure);
  return rendered.value;
};
const expression = (text: string): Value => {
  const result = evaluate(text, scope);
  if (!result.ok) throw new Error(result.failure);
  return result.value;
};
const failure = (result: { ok: true } | { ok: false; failure: string }): string => (result.ok ? 'was accepted' : result.failure);

test('a text without braces needs no interpreter', () => {
  expect(renderText('echo $HOME }} %}', scope)).toEqual({ ok: true, value: 'echo $HOME }} %}' });
  expect(renderValue({ a: ['plain', 1, null] }, scope)).toEqual({ ok: true, value: { a: ['plain', 1, null] } });
  expect(isLoaded()).toBe(false);
  value('{{ n + 1 }}');
  expect(isLoaded()).toBe(true);
});

// Each row is what `ansible -m debug -a msg=…` (2.14) makes of the text, with one difference on purpose:
// a string that looks like a list stays a string.
test.each<[string, Value]>([
  ['{{ n }}', 5],
  ['{{n}}', 5],
  ['{{ n + 1 }}', '6'],
  ['{{ d.b }}', '1'],
  ['{{ t }}', true],
  ['{{ n == 5 }}', true],
  ['x{{ t }}', 'xTrue'],
  ['{{ z }}', null],
  ['x{{ z }}', 'x'],
  ['{{ d.c }}', ''],
  ['x{{ d }}', "x{'b': 1, 'c': None, 'q': \"it's\"}"],
  ['{{ d }}', { b: 1, c: null, q: "it's" }],
  ['x{{ l }}', "x[1, 'a', None, False]"],
  ['{{ l }}', [1, 'a', null, false]],
  ['{{ s }}', '[1,2]'],
  ['{{ tt }}', 'True'],
  ['x {{ f }}', 'x 1.5'],
  [' {{ n }}', ' 5'],
  ['{{ n }} ', '5 '],
  ['{{ d.nosuch|default(3) }}', '3'],
  ['{{ d.nosuch.deeper | d("x") }}', 'x'],
  ['{{ "a" if false }}', ''],
  ['{{ d["q"] }}', "it's"],
  ['{{ l[0] }}{{ l[-1] }}{{ l[1:3] }}', "1False['a', None]"],
  ['{{ {"a": {"b": 1}} }}', { a: { b: 1 } }],
  ['{% for x in l %}{{ x }},{% endfor %}', '1,a,,False,'],
  ['{% if n > 3 %}\nbig\n{% else %}\nsmall\n{% endif %}\n', 'big\n'],
  ['{% set y = n * 2 %}{{ y }}', '10'],
  ['{# note #}a{% raw %}{{ b }}{% endraw %}', 'a{{ b }}'],
  ['a\n  {{- n }}\n', 'a5\n'],
  ["{{ '\\d+' }}", '\\d+'],
  ['{{ result.stdout.split(" ")[0] }}', 'a'],
  ['{{ n }}\n', '5\n'],
])('%j becomes %j', (text, expected) => {
  expect(value(text)).toEqual(expected);
});

test.each<[string, Value]>([
  ['"5"|int + 1', 6],
  ['"abc"|int', 0],
  ['"abc"|int(default=3)', 3],
  ['"abc"|int(7)', 7],
  ['"1f"|int(base=16)', 31],
  ['2.9|int', 2],
  ['"yes"|bool', true],
  ['"off"|bool', false],
  ['z|bool', null],
  ['l|length', 4],
  ['" a "|trim', 'a'],
  ['l|join("-")', '1-a-None-False'],
  ['[{"a": 1}, {"a": 2}]|join(",", attribute="a")', '1,2'],
  ['"aB"|upper', 'AB'],
  ['"aB"|lower', 'ab'],
  ['{"a": [1, true, none], "b": "ä"}|to_json', '{"a": [1, true, null], "b": "\\u00e4"}'],
  ['d.q|quote', "'it'\"'\"'s'"],
  ['""|quote', "''"],
  ['"a/b-c.d"|quote', 'a/b-c.d'],
  ['""|default("x", true)', 'x'],
  ['l|string', "[1, 'a', None, False]"],
  ['["a","b"]|map("upper")|list', ['A', 'B']],
  ['nosuch is defined', false],
  ['nosuch.deep is undefined', true],
  ['d.nosuch is not defined', true],
  ['d.b is defined and d.b == 1', true],
  ['nosuch is defined and nosuch.x', false],
  ['true or nosuch', true],
  ['1 if t else nosuch', 1],
  ['result is succeeded', true],
  ['result is failed', false],
  ['result is changed', true],
  ['result is skipped', false],
  ['result is started', true],
  ['result is finished', false],
  ['result is not finished', true],
  ['{"rc": 0} is finished', true],
  ['{"results": [{"changed": true}]} is changed', true],
  ['result.finished', 0],
  ['"a" in result.stdout', true],
  ['result.stdout', 'a {{ n }} b'],
  ['None', null],
])('the expression %s is %j', (text, expected) => {
  expect(expression(text)).toEqual(expected);
});

// The words of Ansible, with the expression in front.
test.each([
  ['{{ nosuch }}', `in "{{ nosuch }}": 'nosuch' is undefined`],
  ['a {{ d.nosuch }}', `in "a {{ d.nosuch }}": 'dict object' has no attribute 'nosuch'`],
  ['{{ d.nosuch.x }}', `in "{{ d.nosuch.x }}": 'dict object' has no attribute 'nosuch'`],
  ['{{ d["nosuch"] }}', `in "{{ d["nosuch"] }}": 'dict object' has no attribute 'nosuch'`],
  ['{{ s.nosuch }}', `in "{{ s.nosuch }}": 'str object' has no attribute 'nosuch'`],
  ['{{ n.x }}', `in "{{ n.x }}": 'int object' has no attribute 'x'`],
  ['{{ z.x }}', `in "{{ z.x }}": 'None' has no attribute 'x'`],
  ['{{ l[7] }}', `in "{{ l[7] }}": list object has no element 7`],
  ['{{ l.x }}', `in "{{ l.x }}": 'list object' has no attribute 'x'`],
  ['{{ d[nosuch] }}', `in "{{ d[nosuch] }}": 'nosuch' is undefined`],
  ['{{ nosuch == 1 }}', `in "{{ nosuch == 1 }}": 'nosuch' is undefined`],
  ['{{ nosuch|upper }}', `in "{{ nosuch|upper }}": 'nosuch' is undefined`],
  ['{{ nosuch.split(",") }}', `in "{{ nosuch.split(",") }}": 'nosuch' is undefined`],
  ['{{ "x" ~ nosuch }}', `in "{{ "x" ~ nosuch }}": 'nosuch' is undefined`],
  ['{{ [nosuch] }}', `in "{{ [nosuch] }}": 'nosuch' is undefined`],
  ['{% if nosuch %}a{% endif %}', `in "{% if nosuch %}a{% endif %}": 'nosuch' is undefined`],
  ['{% for x in nosuch %}a{% endfor %}', `in "{% for x in nosuch %}a{% endfor %}": 'nosuch' is undefined`],
  ['{% for x in [d] %}{{ x.y }}{% endfor %}', `in "{% for x in [d] %}{{ x.y }}{% endfor %}": 'dict object' has no attribute 'y'`],
])('%s is refused by name', (text, sentence) => {
  expect(failure(renderValue(text, scope))).toBe(sentence);
  expect(failure(renderText(text, scope))).toBe(sentence);
});

test.each([
  ['{{ 1 + }}', /^in "\{\{ 1 \+ \}\}": unexpected/],
  ['{{ n|nosuch }}', /there is no filter nosuch here$/],
  ['{{ n is nosuch }}', /there is no test nosuch here$/],
  ['{{ foo() }}', /unknown function: foo is unknown$/],
  ['{{ n', /^in "\{\{ n": \{\{ has no \}\} behind it$/],
  ['{% if n', /\{% has no %\} behind it$/],
  ['{# x', /\{# has no #\} behind it$/],
  ['{% raw %}x', /\{% raw %\} has no \{% endraw %\} behind it$/],
  ['{{ a & b }}', /"&" means nothing in an expression$/],
  ['{% include "/etc/passwd" %}', /\{% include %\} reads other files, which a template here cannot$/],
  [
    '{{ lookup("env", "HOME") }}',
    /lookup\(\) reads files, variables and programs of this machine, which a template here cannot; use vars_files or -e$/,
  ],
  ['{{ 5 is failed }}', /The 'failed' test expects a dictionary$/],
  ['{{ 5|join }}', /'join' expects a list, not int$/],
])('%s is refused in one sentence', (text, sentence) => {
  const refused = failure(renderText(text, scope));
  expect(refused).toMatch(sentence);
  expect(refused).not.toContain('\n');
});

test('data is never a template, templates of the operator are, as deep as they go', () => {
  const layers: Scope = [
    { holds: 'templates', vars: { base: 'app', name: '{{ base }}-{{ n }}', list: ['{{ name }}'], number: '{{ n }}', out: 'weak' } },
    { holds: 'data', vars: { n: 5, out: '{{ base }}', result: { stdout: '{{ name }}' } } },
  ];
  expect(value('{{ list }} {{ out }} {{ result.stdout }}', layers)).toBe("['app-5'] {{ base }} {{ name }}");
  expect(value('{{ number }}', layers)).toBe(5);
  expect(value('{{ result }}', layers)).toEqual({ stdout: '{{ name }}' });
});

test('a stronger layer of templates wins over data', () => {
  const layers: Scope = [
    { holds: 'data', vars: { x: 'data' } },
    { holds: 'templates', vars: { x: '{{ 1 + 1 }}' } },
  ];
  expect(value('{{ x }}', layers)).toBe('2');
});

test('a variable that needs itself is named with the way', () => {
  const layers: Scope = [{ holds: 'templates', vars: { a: '{{ b }}', b: 'x{{ c }}', c: '{{ a }}' } }];
  expect(failure(renderText('{{ a }}', layers))).toBe('the variable a needs itself (a > b > c > a); write one of them without the other');
});

test('variables that need each other a thousand deep, or each of them twice, hold nobody up', () => {
  const chain = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`v${at}`, `{{ v${at + 1} }}`]));
  expect(failure(renderText('{{ v0 }}', [{ holds: 'templates', vars: chain }]))).toMatch(
    /^the variable v100 stands at the end of 100 others/,
  );
  const levels = Array.from({ length: 60 }, (_, at) => [
    [`a${at}`, `{{ a${at + 1} if b${at + 1} else 0 }}`],
    [`b${at}`, `{{ b${at + 1} if a${at + 1} else 0 }}`],
  ]).flat();
  const twice = Object.fromEntries([...levels, ['a60', true], ['b60', true]]) as Vars;
  expect(value('{{ a0 }}', [{ holds: 'templates', vars: twice }])).toBe(true);
});

test('only what is asked for is rendered', () => {
  const layers: Scope = [{ holds: 'templates', vars: { good: 'x', bad: '{{ nosuch }}' } }];
  expect(value('{{ good }}', layers)).toBe('x');
  expect(failure(renderText('{{ bad }}', layers))).toBe(`in "{{ nosuch }}": 'nosuch' is undefined`);
});

test('conditions hold all together, and stop at the first that does not', () => {
  const holds = (...conditions: string[]) => holdsAll(conditions, scope);
  expect(holds('n == 5', 't')).toEqual({ ok: true, value: true });
  expect(holds('false', 'nosuch')).toEqual({ ok: true, value: false });
  expect(holds('result.finished')).toEqual({ ok: true, value: false });
  expect(holds("''")).toEqual({ ok: true, value: false });
  expect(holds('l', '"x"', 'not z')).toEqual({ ok: true, value: true });
  expect(holds('{{ t }}')).toEqual({ ok: true, value: true });
  expect(failure(holds('result.nosuchkey'))).toBe(`the condition "result.nosuchkey" failed: 'dict object' has no attribute 'nosuchkey'`);
  expect(failure(holds('n == {{ n }}'))).toBe(
    'the condition "n == {{ n }}" failed: a condition is an expression already; write the names without {{ }}',
  );
});

test('a template without end is stopped, and the next one is well', () => {
  const endless = '{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}';
  expect(failure(renderText(endless, scope))).toMatch(/it does not come to an end$/);
  expect(value('{{ n }}')).toBe(5);
});

test('a template that eats memory is stopped, and the next one is well', () => {
  const glutton =
    '{% set ns = namespace(x="aaaaaaaaaaaaaaaa") %}{% for i in range(40) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x|length }}';
  expect(failure(renderText(glutton, scope))).toMatch(/it needs too much memory or is nested too deep$|it does not come to an end$/);
  expect(value('{{ n }}')).toBe(5);
  expect(failure(renderText('{{ ("a" * 100000000)|length }}', scope))).toMatch(
    /it needs too much memory or is nested too deep$|it does not come to an end$/,
  );
  expect(failure(renderText(`{{ ${'('.repeat(5000)}1${')'.repeat(5000)} }}`, scope))).toMatch(/nest|recurs/);
  expect(value('{{ n }}')).toBe(5);
});

test('a variable named __proto__ is data', () => {
  const odd = dataScope(JSON.parse('{"__proto__": {"x": 1}, "o": {"__proto__": 2}}') as Vars);
  expect(value('{{ __proto__.x }} {{ o }}', odd)).toBe("1 {'__proto__': 2}");
  expect(failure(renderText('{{ constructor }}', scope))).toContain("'constructor' is undefined");
});
