// The papers tell the truth about the tree: every file that ARCHITECTURE.md names is there.
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('every file that ARCHITECTURE.md names exists', () => {
  const text = readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8');
  const named = [...text.matchAll(/`((?:src|test)\/[\w./-]+\.(?:ts|tsx|sh))`/g)].map(([, path]) => path as string);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter(path => !existsSync(new URL(`../${path}`, import.meta.url)))).toEqual([]);
});

test('every event type is told in docs/events.md', () => {
  const source = readFileSync(new URL('../src/domain/event.ts', import.meta.url), 'utf8');
  const types = new Set([...source.matchAll(/type: '((?:run|batch|task|job)\.[a-z-]+)'/g)].map(([, type]) => type as string));
  types.delete('job.seen');
  expect(types.size).toBeGreaterThan(20);
  const told = readFileSync(new URL('../docs/events.md', import.meta.url), 'utf8');
  expect([...types].filter(type => !told.includes(`\`${type}\``))).toEqual([]);
});

test('every field of rollcall jobs --json is told in docs/jobs.md, and no other', () => {
  const source = readFileSync(new URL('../src/cli/verbs/job-object.ts', import.meta.url), 'utf8');
  const object = source.slice(source.indexOf('  return {'));
  const fields = [...object.matchAll(/[{,]\s+([a-z_]+)(?=[:,]| })/g)].map(([, field]) => field as string);
  expect(fields.length).toBeGreaterThan(25);
  const told = [...readFileSync(new URL('../docs/jobs.md', import.meta.url), 'utf8').matchAll(/^\| (`.*?) \|/gm)]
    .flatMap(([, names]) => [...(names as string).matchAll(/`([a-z_]+)`/g)])
    .map(([, name]) => name as string);
  expect([...new Set(fields)].sort()).toEqual([...told].sort());
});

test('every test that docs/reliability.md names exists, by file and name', () => {
  const text = readFileSync(new URL('../docs/reliability.md', import.meta.url), 'utf8');
  const named = [...text.matchAll(/`((?:src|test)\/[\w./-]+\.ts)` “(.*?)”/g)].map(
    ([, file, name]) => [file as string, name as string] as const,
  );
  expect(named.length).toBeGreaterThan(35);
  const sourceOf = (file: string): string => {
    const url = new URL(`../${file}`, import.meta.url);
    return existsSync(url) ? readFileSync(url, 'utf8') : '';
  };
  expect(named.filter(([file, name]) => !sourceOf(file).includes(name))).toEqual([]);
});
