import { expect, test } from 'vitest';
import type { Value, Vars } from '../domain/value.ts';
import { rewriteExpression, rewriteTemplate } from './rewrite.ts';
import { segment, tokenize } from './tokens.ts';

const vars: Vars = {
  result: { rc: 0, stdout: 'x'.repeat(1000), list: [1, { a: 'deep' }] },
  hostvars: { h1: { ip: '10.0.0.1' }, h2: { ip: '10.0.0.2' } },
  item: 'h2',
  names: ['h1'],
};

/** What would cross into the interpreter, and what needs none. */
const crossing = (text: string): { readonly vars: Vars; readonly known?: Value } => {
  const tokens = tokenize(text);
  const rewritten = tokens.ok ? rewriteExpression(tokens.value, 'raw', vars) : tokens;
  if (!rewritten.ok) throw new Error(rewritten.failure);
  const { known } = rewritten.value;
  return { vars: rewritten.value.vars, ...(known !== undefined && { known: known.value }) };
};

test('only what a path leads to crosses into the interpreter', () => {
  expect(crossing('result.rc == 0').vars).toEqual({ rollcall_v0: 0 });
  expect(crossing('result.rc + result.rc + result.list[-1].b|default(1)').vars).toEqual({ rollcall_v0: 0 });
  expect(crossing('result.rc ~ result.list[-1].a').vars).toEqual({ rollcall_v0: 0, rollcall_v1: 'deep' });
  expect(crossing('hostvars[item].ip == "1"').vars).toEqual({ rollcall_v1: '10.0.0.2' });
  expect(crossing('hostvars[names[0]]["ip"] == 1').vars).toEqual({ rollcall_v1: '10.0.0.1' });
  expect(crossing('result.nosuch is defined or nosuch|default(1)').vars).toEqual({});
});

test('a path alone needs no interpreter at all', () => {
  expect(crossing('result.list[1].a').known).toBe('deep');
  expect(crossing('hostvars[item]').known).toEqual({ ip: '10.0.0.2' });
  expect(crossing('result.rc == 0')).not.toHaveProperty('known');
});

test('calls of which everything is known are made before, and what they refuse is told only to whoever comes to it', () => {
  expect(crossing("names|map('extract', hostvars, 'ip')|join(',')").known).toBe('10.0.0.1');
  expect(crossing("result.stdout is search('x+y') or result.stdout.split('y')|length == 1").vars).toEqual({ rollcall_v2: 1 });
  expect(crossing('names is not contains("h1")').known).toBe(false);
  const refused = crossing('false and result.rc|dict2items');
  expect(refused).not.toHaveProperty('known');
});

test('what is found only while it is evaluated crosses whole, and so do names that the template itself uses', () => {
  expect(crossing('hostvars[item ~ ""].ip').vars).toEqual({ rollcall_v0: 'h2', hostvars: vars['hostvars'] });
  const cut = segment('{% for item in names %}{{ item }}{{ result.rc }}{% endfor %}');
  const rewritten = cut.ok ? rewriteTemplate(cut.value, vars) : cut;
  expect(rewritten.ok && rewritten.value.vars).toEqual({ item: 'h2', names: ['h1'], rollcall_v0: 0 });
});
