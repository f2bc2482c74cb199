// Whether an install is done when it is due and only then, and whether the lock file is one that strangers can use.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { installNeeded } from './install.mjs';

type Entry = { version?: string; integrity?: string; optional?: true; resolved?: string; link?: true };

const WANTED: Record<string, Entry> = {
  '': { version: '0.1.0' },
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/b-win32': { version: '1.0.0', integrity: 'sha512-b', optional: true },
};

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rollcall-install-'));
  mkdirSync(join(root, 'node_modules'));
  write('package-lock.json', WANTED);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('an install that never was, or was cut short, is due', () => {
  expect(installNeeded(root)).toBe(true);
  writeFileSync(join(root, 'node_modules', '.package-lock.json'), '{"packages": {"node_mod');
  expect(installNeeded(root)).toBe(true);
});

test.each<[string, Record<string, Entry>, boolean]>([
  ['all there', { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } }, false],
  ['another version', { 'node_modules/a': { version: '1.0.1', integrity: 'sha512-a' } }, true],
  ['another hash', { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-x' } }, true],
  ['one missing', {}, true],
])('%s', (_, found, due) => {
  write('node_modules/.package-lock.json', found);
  expect(installNeeded(root)).toBe(due);
});

test('the lock file names no registry but the public one, and a hash for everything from there', () => {
  const { packages }: { packages: Record<string, Entry> } = JSON.parse(
    readFileSync(join(dirname(import.meta.dirname), 'package-lock.json'), 'utf8'),
  );
  const fetched = Object.entries(packages).filter(([path, entry]) => path.includes('node_modules/') && entry.link === undefined);
  expect(fetched.length).toBeGreaterThan(100);
  expect(fetched.filter(([, entry]) => !entry.resolved?.startsWith('https://registry.npmjs.org/')).map(([path]) => path)).toEqual([]);
  expect(fetched.filter(([, entry]) => !entry.integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([]);
});

function write(path: string, packages: Record<string, Entry>): void {
  writeFileSync(join(root, path), JSON.stringify({ packages }));
}
