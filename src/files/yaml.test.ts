import { expect, test } from 'vitest';
import { parseYaml, plainValue } from './yaml.ts';

const read = (text: string) => {
  const parsed = parseYaml('f.yml', text);
  if (!parsed.ok) throw new Error(parsed.failure.cause);
  return parsed.value.root === undefined ? undefined : plainValue(parsed.value.root);
};
const refusal = (text: string) => {
  const parsed = parseYaml('f.yml', text);
  if (parsed.ok) throw new Error('was accepted');
  expect(parsed.failure.tag).toBe('bad-input');
  return parsed.failure.cause;
};

// Each row is what PyYAML, and so Ansible, makes of the word.
test.each([
  ['yes', true],
  ['Off', false],
  ['y', 'y'],
  ['~', null],
  ['', null],
  ['12', 12],
  ['-0', 0],
  ['1_000', 1000],
  ['0644', 420],
  ['0o644', '0o644'],
  ['08', '08'],
  ['0x1F', 31],
  ['0b101', 5],
  ['12:30', 750],
  ['12:75', '12:75'],
  ['1.50', 1.5],
  ['.5', 0.5],
  ['1e3', '1e3'],
  ['1.0e+3', 1000],
  ['10.0.0.1', '10.0.0.1'],
  ['2001-01-01', '2001-01-01'],
  ['.inf', '.inf'],
  ['12345678901234567890', '12345678901234567890'],
  ['+5', 5],
  ['nobody', 'nobody'],
  ['"12"', '12'],
  ["'yes'", 'yes'],
  ['!!str 12', '12'],
])('a: %s is %j', (written, value) => {
  expect(read(`a: ${written}\n`)).toEqual({ a: value });
});

test('keys are taken by the letter', () => {
  expect(read('yes: 1\n012: 2\nnull: 3\n')).toEqual({ yes: 1, '012': 2, null: 3 });
});

test('anchors and merge keys work; own keys win, and the first merged mapping', () => {
  const text = 'd: &d {a: 1, b: 2}\ne: &e {b: 9, c: 9}\nx:\n  <<: [*d, *e]\n  a: own\ny: *d\n';
  expect(read(text)).toMatchObject({ x: { a: 'own', b: 2, c: 9 }, y: { a: 1, b: 2 } });
});

test('comments alone are nothing', () => {
  expect(read('# nothing\n')).toBeUndefined();
  expect(read('---\n')).toBeNull();
});

test('a key named __proto__ is a key', () => {
  const value = read('__proto__: {x: 1}\n') as Record<string, unknown>;
  expect(Object.keys(value)).toEqual(['__proto__']);
  expect(value['x']).toBeUndefined();
});

test.each([
  ['all:\n\thosts:\n', 'f.yml:2:1: a tab indents this line, which YAML does not allow; use spaces'],
  ['a: 1\nb: 2\na: 3\n', 'f.yml:3:1: the key a is here twice; the later one would silently win, so take one out'],
  ['a: b: c\n', 'f.yml:1:4: a mapping cannot begin inside a value; put quotes round a value that holds ": ", or mend the indentation'],
  ['a: {{ x }}\n', 'f.yml:1:5: YAML takes { for a mapping; put quotes round the whole value: "{{ … }}"'],
  ['- a: {{ x }} y\n', 'f.yml:1:14: a value that begins with {{ must be quoted as a whole; write "{{ … }} …"'],
  ['a: 1\n---\nb: 2\n', 'f.yml:2:1: a second document begins here; keep one document in a file'],
  ['a: @x\n', 'f.yml:1:4: a value cannot begin with this character; put quotes round it'],
  ['a: "\\d"\n', 'f.yml:1:5: this backslash means nothing inside double quotes; double it, or use single quotes'],
  ['a: "x\n', 'f.yml:2:1: a quote (") is open from above to here; close it where its value ends'],
  ['a: *nosuch\n', 'f.yml:1:4: *nosuch names no anchor above it; define it with &nosuch, or quote the text'],
  ['a: !unsafe |\n  {{ x }}\n', 'f.yml:1:12: !unsafe keeps braces from being a template, which is not supported yet; take the braces out'],
  ['? [a]\n: b\n', 'f.yml:1:3: a key must be a word; quote it if it is meant to be text'],
  ['a: [1, 2\nb: 3\n', 'f.yml:2:1: a [ that opened above is not closed; put ] where it ends'],
  ['a:\n  <<: 5\n', 'f.yml:2:7: << must name a mapping, as in `<<: *defaults`'],
])('%j is refused where it is wrong', (text, cause) => {
  expect(refusal(text)).toBe(cause);
});

test('an alias bomb is stopped, and soon', () => {
  const line = (n: number) => `a${n}: &a${n} [${Array.from({ length: 10 }, () => `*a${n - 1}`).join(', ')}]\n`;
  const bomb = `a0: &a0 [x]\n${Array.from({ length: 12 }, (_, i) => line(i + 1)).join('')}`;
  const began = performance.now();
  expect(refusal(bomb)).toMatch(/^f\.yml:\d+:\d+: aliases make this document too large/);
  expect(performance.now() - began).toBeLessThan(5000);
});

test('an alias to itself and a tower of brackets are stopped', () => {
  expect(refusal('a: &a [*a]\n')).toContain('nested more than 100 deep');
  expect(refusal(`a: ${'['.repeat(5000)}`)).toMatch(/nested|mend the YAML/);
  expect(refusal(`a: ${'['.repeat(200)}${']'.repeat(200)}`)).toContain('nested more than 100 deep');
});

test('positions count characters and lines from one', () => {
  const parsed = parseYaml('f.yml', 'a: 1\r\nbä: [x, {y: 2}]\r\n');
  if (!parsed.ok || parsed.value.root?.kind !== 'map') throw new Error('no mapping');
  const list = parsed.value.root.entries[1]?.value;
  if (list?.kind !== 'list') throw new Error('no list');
  expect(parsed.value.where(list.items[1]?.at ?? 0)).toEqual({ file: 'f.yml', line: 2, column: 9 });
});
