import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { realWorld } from '../world.ts';
import { type EvalFlags, evalVerb } from './eval.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-eval-'));
const flags: EvalFlags = { log: true, template: false };

beforeAll(() => {
  const hosts =
    "[web]\nweb1 n=5\nweb2 n=2 greeting='{{ inventory_hostname }} says {{ n }}'\n[web:vars]\ngreeting=hello\n[prod:children]\nweb\n";
  writeFileSync(join(folder, 'hosts'), hosts);
  writeFileSync(join(folder, 'vars.yml'), 'x: 1\ny:\n  - a\n  - b: "{{ x }} c"\n');
  writeFileSync(join(folder, 'vars.json'), '{"x": 2.5, "odd": "a\\u202e\\u0007"}');
  writeFileSync(join(folder, 'cut.yml'), 'x: [1\ny: 2\n');
  writeFileSync(join(folder, 'list.json'), '[1, 2]');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What is printed, or the sentence; whichever comes. */
const said = async (text: string, more: Partial<EvalFlags> = {}): Promise<string> => {
  const out: string[] = [];
  const world = { ...realWorld(), cwd: folder, home: folder, env: {}, write: (more: string) => void out.push(more), say: () => {} };
  const done = await evalVerb(world, [text], { ...flags, ...more });
  if (done.ok) return out.join('');
  expect([done.failure.tag, ...out]).toEqual(['bad-input']);
  return done.failure.cause;
};
const inventory = [join(folder, 'hosts')];

test('a text alone is an expression, a condition or a template', async () => {
  expect(await said('1 + 1')).toBe('2\n');
  expect(await said('[1, "a", none, {"k": true}]')).toBe('[1,"a",null,{"k":true}]\n');
  expect(await said('1 + 1', { when: true })).toBe('true\n');
  expect(await said('{{ 1 + 1 }}', { template: true })).toBe('"2"\n');
  expect(await said('no braces', { template: true })).toBe('"no braces"\n');
});

test('variables come as words, as JSON, and from files in YAML and JSON; later ones win', async () => {
  expect(await said('y[1].b', { extraVars: ['@vars.yml'] })).toBe('"1 c"\n');
  expect(await said('[x, y]', { extraVars: ['@vars.yml', '@vars.json', 'y=z'] })).toBe('[2.5,"z"]\n');
  expect(await said('a.b', { extraVars: ['{"a": {"b": null}}'] })).toBe('null\n');
  expect(await said('odd', { extraVars: ['@vars.json'] })).toBe('"a\\u202e\\u0007"\n');
});

test('with a pattern there is one value for each host, with its own variables', async () => {
  const more = { inventory, pattern: 'web' };
  expect(JSON.parse(await said("'prod' in group_names and n | int > 3", { ...more, when: true }))).toEqual({ web1: true, web2: false });
  expect(JSON.parse(await said('{{ greeting }}, {{ groups.web }}', { ...more, template: true }))).toEqual({
    web1: "hello, ['web1', 'web2']",
    web2: "web2 says 2, ['web1', 'web2']",
  });
  expect(JSON.parse(await said('n', { ...more, limit: 'web2', extraVars: ['n=9'] }))).toEqual({ web2: '9' });
});

test.each<[string, Partial<EvalFlags>, RegExp]>([
  ['nosuch.x', {}, /^in "nosuch.x": 'nosuch' is undefined$/],
  ['a ==', { when: true }, /^the condition "a ==" failed: unexpected end of the expression$/],
  ['', {}, /^nothing to evaluate/],
  ['x', { when: true, template: true }, /say one of them$/],
  ['x', { inventory }, /^whose variables\?/],
  ['x', { extraVars: ['@cut.yml'] }, /^cut\.yml:2:1: /],
  ['x', { extraVars: ['@list.json'] }, /^list\.json:1:1: found a list where a mapping of variables is expected/],
  ['x', { extraVars: ['@nosuch.yml'] }, /nosuch\.yml does not exist/],
  ['x', { extraVars: ['{"a": '] }, /^-e:1:7: /],
  ['x', { extraVars: ['word'] }, /^-e word: write -e name=value/],
  ['1', { inventory, pattern: 'nosuch' }, /matches "nosuch"/],
  ['ver', { inventory, pattern: 'web' }, /^web1: in "ver": 'ver' is undefined$/],
])('%j with %j is refused in one sentence', async (text, more, sentence) => {
  const refused = await said(text, more);
  expect(refused).toMatch(sentence);
  expect(refused).not.toContain('\n');
});
