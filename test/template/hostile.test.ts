// What a hostile template, or a hostile text that a template looks at, cannot do: read files, the environment or the inside of this
// program, run code, or hold us up. Each is refused in one sentence, and the next evaluation is well.
import { expect, test } from 'vitest';
import type { Value } from '../../src/domain/value.ts';
import { renderValue } from '../../src/template/render.ts';
import { dataScope } from '../../src/template/scope.ts';

const scope = dataScope({ s: 'x', l: [1, 2], d: { a: 1 }, n: 5, as: `${'a'.repeat(40)}!`, big: 'ab '.repeat(100_000) });

/** What comes of it: the value, or the sentence. */
const outcome = (text: string): { readonly value?: Value; readonly refused?: string } => {
  const rendered = renderValue(text, scope);
  expect(renderValue('{{ n + 1 }}', scope)).toEqual({ ok: true, value: '6' });
  return rendered.ok ? { value: rendered.value } : { refused: rendered.failure };
};

test.each([
  "{{ ''.__class__.__mro__[1].__subclasses__() }}",
  '{{ s.__class__ }}',
  "{{ s['__class__'] }}",
  '{{ d.__proto__ }}',
  '{{ d.constructor }}',
  '{{ l.constructor }}',
  '{{ [].constructor }}',
  '{{ l.__proto__.toString }}',
  `{{ d['constructor']['constructor']('return process')() }}`,
  '{{ s.constructor("x") }}',
  '{{ s.toString() }}',
  '{{ d.hasOwnProperty("a") }}',
  '{{ d.__defineGetter__("x", d) }}',
  "{{ [d] | map(attribute='constructor') | list }}",
  "{{ [d] | map(attribute='__proto__.constructor') | list }}",
  "{{ 'constructor' | extract(d) }}",
  "{{ [1] | map('constructor') | list }}",
  "{{ [1] | map('__proto__') | list }}",
  "{{ [1] | select('toString') | list }}",
  '{{ 1 | constructor }}',
  '{{ 1 is toString }}',
  "{{ '{0.__class__}'.format(s) }}",
  "{{ '{0[constructor]}'.format(d) }}",
  "{{ '%(constructor)s' % d }}",
  "{{ 'x' | comment('constructor') }}",
  "{{ '1' is version('1', 'constructor') }}",
  "{{ 'x' | hash('constructor') }}",
])('%s does not reach the inside of this program', text => {
  expect(outcome(text).refused).toMatch(
    /has no attribute|can be called|there is no (?:filter|test)|is not there|'constructor'|constructor/,
  );
});

test.each([
  '{{ lipsum.__globals__ }}',
  '{{ lipsum() }}',
  '{{ cycler.__init__.__globals__.os }}',
  '{{ cycler("a") }}',
  '{{ joiner() }}',
  '{{ namespace.__init__ }}',
  '{{ range.__class__ }}',
  '{{ debug() }}',
  '{{ self.__dict__ }}',
  '{{ config }}',
  '{{ environment }}',
  '{{ process.env }}',
  '{{ globalThis }}',
  "{{ require('fs') }}",
  "{{ eval('1') }}",
  "{{ lookup('env', 'HOME') }}",
  "{{ lookup('file', '/etc/passwd') }}",
  "{{ lookup('pipe', 'id') }}",
  "{{ query('pipe', 'id') }}",
  "{{ q('pipe', 'id') }}",
  "{{ '/etc/passwd' | file }}",
  "{{ '/etc/*' | fileglob }}",
  "{{ '~root' | expanduser }}",
  "{{ '$HOME' | expandvars }}",
  "{{ '/etc/passwd' | realpath }}",
  "{{ '/etc/passwd' is file }}",
  "{% include '/etc/passwd' %}",
  "{% import '/etc/passwd' as x %}",
  "{% from '/etc/passwd' import x %}",
  "{% extends '/etc/passwd' %}",
])('%s does not reach this machine', text => {
  expect(outcome(text).refused).toMatch(/is undefined|is unknown|reads (?:other )?files|there is no (?:filter|test)|has no attribute/);
});

test('what looks like code in data is data', () => {
  expect(outcome(`{{ "{{ lookup('env', 'HOME') }}" }}`).value).toBe("{{ lookup('env', 'HOME') }}");
  expect(outcome(`{{ '!!js/function "function(){}"' | from_yaml }}`).value).toBe('function(){}');
  expect(outcome(`{{ '!!python/object/apply:os.system ["id"]' | from_yaml }}`).value).toEqual(['id']);
  expect(outcome(`{{ ('{"__proto__": {"x": 1}}' | from_json).x }}`).refused).toMatch(/has no attribute 'x'$/);
  expect(outcome(`{{ ({'__proto__': {'x': 1}} | combine({'y': {}}, recursive=true)).x }}`).refused).toMatch(/has no attribute 'x'$/);
  expect(outcome(`{{ ([{'key': '__proto__', 'value': {'x': 1}}] | items2dict).x }}`).refused).toMatch(/has no attribute 'x'$/);
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
});

test.each([
  '{{ range(100000000) }}',
  "{{ 'a' * 1000000000 }}",
  '{{ [0] * 100000000 }}',
  "{{ 'a' | center(1000000000) }}",
  "{{ 'a'.ljust(1000000000) }}",
  "{{ '%1000000000d' % 5 }}",
  "{{ '{:1000000000}'.format(5) }}",
  "{{ '5'.zfill(1000000000) }}",
  "{{ 'a'.expandtabs(1000000000) }}",
  "{{ big | replace('a', big) }}",
  "{{ big | replace('', big) }}",
  "{{ big | regex_replace('', big) }}",
  '{{ big | comment(prefix=big, prefix_count=1000) }}',
  '{{ range(9999) | product(range(9999)) | list }}',
  '{{ [1, 2] | product(repeat=100) | list }}',
  '{{ range(50) | permutations | list }}',
  '{{ range(100) | combinations(50) | list }}',
  '{{ range(9) | batch(1000000000, 1) | list }}',
  '{{ range(9) | slice(1000000000) | list }}',
  '{{ d | to_json(indent=1000000000) }}',
  '{{ d | to_nice_yaml(indent=1000000000) }}',
  "{{ ('[' * 5000 ~ ']' * 5000) | from_yaml }}",
  "{{ ('- ' * 5000) | from_yaml }}",
  '{% set ns = namespace(l=[]) %}{% for i in range(60000) %}{% set ns.l = ns.l + [ns.l] %}{% endfor %}{{ ns.l }}',
])('%s makes nothing huge', text => {
  expect(outcome(text).refused).toMatch(/too much memory|too many elements|does not come to an end/);
});

test('what nobody comes to is not told', () => {
  expect(outcome("{{ 'a' if true else as is match('(a+)+$') }}").value).toBe('a');
  expect(outcome('{{ false and n | dict2items }}').value).toBe(false);
});

test('one text of YAML does not stand for a million others', () => {
  const names = 'abcdefgh';
  const lines = [...names].map(
    (name, at) =>
      `${name}: &${name} [${Array(9)
        .fill(at === 0 ? 'x' : `*${names[at - 1]}`)
        .join(', ')}]`,
  );
  const bomb = renderValue('{{ text | from_yaml }}', dataScope({ text: lines.join('\n') }));
  expect(bomb).toEqual({ ok: false, failure: expect.stringMatching(/this is no YAML: Excessive alias count/) });
});

test.each([
  `{{ ${'('.repeat(3000)}1${')'.repeat(3000)} }}`,
  `{{ ${'['.repeat(3000)}1${']'.repeat(3000)} }}`,
  `{{ ${'-'.repeat(9000)}1 }}`,
  `{{ ${'not '.repeat(9000)}1 }}`,
  `{{ (n + 1)${' | string'.repeat(3000)} }}`,
  `{{ 1${' + 1'.repeat(9000)} }}`,
  `{{ 1 ${'if 1 else 1 '.repeat(3000)} }}`,
  `${'{% if 1 %}'.repeat(3000)}x${'{% endif %}'.repeat(3000)}`,
  '{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}',
  '{% for i in range(2) recursive %}{{ loop(range(2)) }}{% endfor %}',
])('what is nested without end is refused (%#)', text => {
  expect(outcome(text).refused).toMatch(/nested too deep|recursion limit/);
});

// Each of these would take hours or years; a watch ends it after two seconds.
test.each([
  "{{ (as ~ '') is match('(a+)+$') }}",
  '{% for a in range(90000) %}{% set x = big ~ big %}{% endfor %}',
  '{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | to_json }}',
])('%s does not hold us up', text => {
  expect(outcome(text).refused).toMatch(/it does not come to an end$|too much memory/);
});
