// Whether dist is made when it is due, holds what it must, and runs from anywhere.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { build, buildNeeded } from './bundle.mjs';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rollcall-bundle-'));
  for (const folder of ['node_modules', 'scripts', 'src/cli', 'src/journal', 'src/practice'])
    mkdirSync(join(root, folder), { recursive: true });
  for (const name of ['minijinja-js', 'ssh2', 'asn1', 'bcrypt-pbkdf', 'tweetnacl', 'safer-buffer']) {
    symlinkSync(join(dirname(import.meta.dirname), 'node_modules', name), join(root, 'node_modules', name));
  }
  write('package-lock.json', '{}');
  write('package.json', '{"type": "module"}');
  write('scripts/bundle.mjs', '');
  for (const entry of ['src/cli/driver-main.ts', 'src/journal/worker.ts', 'src/journal/mirror-worker.ts', 'src/practice/main.ts'])
    write(entry, `console.log('${entry}');`);
  write('src/bin.ts', "#!/usr/bin/env node\nimport('./cli/main.ts').then(cli => cli.main());");
  write('src/cli/main.ts', "import text from './hello.sh';\nexport const main = () => console.log(text, process.env.NODE_ENV);");
  write('src/cli/hello.sh', 'echo hello');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('a build is due at first, after each change of a source, and when a file of it is gone; a test is no source', async () => {
  expect(buildNeeded(root)).toBe(true);
  await build(root, 'keep-recent');
  expect(buildNeeded(root)).toBe(false);
  write('src/cli/main.test.ts', '');
  expect(buildNeeded(root)).toBe(false);
  write('src/cli/hello.sh', 'echo good night');
  expect(buildNeeded(root)).toBe(true);
  await build(root, 'keep-recent');
  expect(buildNeeded(root)).toBe(false);
  rmSync(join(root, 'dist', 'minijinja_js_bg.wasm'));
  expect(buildNeeded(root)).toBe(true);
});

test('the built file runs by itself from another folder, with shell scripts as text and production set', async () => {
  await build(root, 'keep-recent');
  expect(execFileSync(join(root, 'dist', 'bin.js'), { cwd: tmpdir(), encoding: 'utf8', env: { PATH: process.env['PATH'] } })).toBe(
    'echo hello production\n',
  );
});

test('templates and SSH run from the bundle, without the add-ons and without node_modules', async () => {
  write(
    'src/cli/main.ts',
    `import { Environment } from 'minijinja-js';
     import { utils } from 'ssh2';
     export const main = () => console.log(new Environment().renderStr('{{ 6 * 7 }}', {}), utils.generateKeyPairSync('ed25519').public.slice(0, 11));`,
  );
  await build(root, 'keep-recent');
  rmSync(join(root, 'node_modules'), { recursive: true });
  expect(execFileSync(process.execPath, [join(root, 'dist', 'bin.js')], { encoding: 'utf8' })).toBe('42 ssh-ed25519\n');
  expect(readFileSync(join(root, 'dist', 'THIRD-PARTY-NOTICES.txt'), 'utf8')).toMatch(/^ssh2 1\.17\.0/m);
});

test('a package that is loaded late is in the bundle, and not loaded before', async () => {
  write(
    'src/cli/main.ts',
    `import { createRequire } from 'node:module';
     const load = createRequire(import.meta.url);
     export const main = () => { console.log('early'); console.log(new (load('minijinja-js').Environment)().renderStr('{{ 6 * 7 }}', {})); };`,
  );
  await build(root, 'keep-recent');
  rmSync(join(root, 'node_modules'), { recursive: true });
  expect(execFileSync(process.execPath, [join(root, 'dist', 'bin.js')], { encoding: 'utf8' })).toBe('early\n42\n');
  rmSync(join(root, 'dist', 'minijinja_js_bg.wasm'));
  const { stdout, status } = spawnSync(process.execPath, [join(root, 'dist', 'bin.js')], { encoding: 'utf8' });
  expect([stdout, status]).toEqual(['early\n', 1]);
});

test('the address of another entry is that of its built file', async () => {
  write('src/journal/open.ts', "export const address = new URL('./worker.ts', import.meta.url);");
  write('src/cli/main.ts', "import { address } from '../journal/open.ts';\nexport const main = () => import(address.href);");
  await build(root, 'keep-recent');
  expect(execFileSync(process.execPath, [join(root, 'dist', 'bin.js')], { encoding: 'utf8' })).toBe('src/journal/worker.ts\n');
});

test('an address that is no entry is refused, with the file', async () => {
  write('src/cli/main.ts', "export const main = () => new URL('./other.ts', import.meta.url);");
  await expect(build(root, 'keep-recent')).rejects.toThrow('src/cli/main.ts: ./other.ts is no entry');
});

test('a source that does not parse is told with its place, and is no build', async () => {
  write('src/cli/main.ts', 'export const main = (');
  await expect(build(root, 'keep-recent')).rejects.toThrow('main.ts:1:');
  expect(buildNeeded(root)).toBe(true);
});

test('files of recent builds stay for who still runs them; old ones go; a clean build leaves nothing', async () => {
  await build(root, 'keep-recent');
  write('dist/recent-AAAA.js', '');
  write('dist/old-BBBB.js', '');
  const then = new Date(Date.now() - 25 * 60 * 60_000);
  utimesSync(join(root, 'dist/old-BBBB.js'), then, then);
  await build(root, 'keep-recent');
  expect(existsSync(join(root, 'dist/recent-AAAA.js'))).toBe(true);
  expect(existsSync(join(root, 'dist/old-BBBB.js'))).toBe(false);
  await build(root, 'clean');
  expect(readdirSync(join(root, 'dist')).sort()).toEqual([
    'THIRD-PARTY-NOTICES.txt',
    'bin.js',
    'driver.js',
    'journal-worker.js',
    expect.stringMatching(/^main-\w+\.js$/),
    'minijinja_js_bg.wasm',
    'mirror-worker.js',
    'practice.js',
  ]);
});

function write(path: string, text: string): void {
  writeFileSync(join(root, path), text);
}
