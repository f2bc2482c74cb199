// What the door (src/bin.ts) does around a command line that is made up here: exit codes, bugs, a reader that went away, an old Node.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { version } from '../src/cli/reach.ts';

const SRC = join(dirname(import.meta.dirname), 'src');

/** Node runs the door's source as it is; only the rest of the house is not there. */
const COMMAND_LINE = `
export const main = async argv => {
  if (argv[0] === 'throw') throw new Error('no\\nway \\u001b[2J');
  if (argv[0] === 'reject') { Promise.reject(new Error('later')); await new Promise(() => setInterval(() => {}, 1000)); }
  if (argv[0] === 'pour') { for (;;) { process.stdout.write('line\\n'); await new Promise(resolve => setImmediate(resolve)); } }
  if (argv[0] === 'much') process.stdout.write('x'.repeat(1_000_000));
  else console.log(process.env.NODE_ENV, argv.join());
  setInterval(() => {}, 1000);
  return 4;
};`;

let folder = '';
let door = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-door-'));
  mkdirSync(join(folder, 'cli'));
  door = join(folder, 'bin.ts');
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  copyFileSync(join(SRC, 'bin.ts'), door);
  writeFileSync(join(folder, 'cli', 'main.ts'), COMMAND_LINE);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the version that is told is the one that is published', () => {
  const { version: published } = JSON.parse(readFileSync(join(dirname(SRC), 'package.json'), 'utf8'));
  expect(version).toBe(published);
});

test('the exit code is what the command line answers, whatever still ticks', () => {
  expect(open(['a', 'b'])).toMatchObject({ status: 4, stdout: 'production a,b\n', stderr: '' });
});

test('all that was written arrives before the exit', () => {
  expect(open(['much']).stdout.length).toBe(1_000_000);
});

test.each([
  ['throw', 'rollcall: a bug of ours: no way  [2J (details in '],
  ['reject', 'rollcall: a bug of ours: later (details in '],
])('a bug (%s) is one harmless line, a stack in the log that only the user can read, and 250', (word, line) => {
  const { status, stderr } = open([word]);
  const log = join(folder, 'state', 'rollcall', 'rollcall.log');
  expect(stderr).toBe(`${line}${log})\n`);
  expect(status).toBe(250);
  expect(readFileSync(log, 'utf8')).toContain(join('cli', 'main.ts'));
  expect(statSync(log).mode & 0o777).toBe(0o600);
});

test('where no log can be written, the stack is told', () => {
  writeFileSync(join(folder, 'taken'), '');
  const { status, stderr } = open(['throw'], { XDG_STATE_HOME: join(folder, 'taken'), TMPDIR: join(folder, 'taken') });
  expect(stderr).toContain(join('cli', 'main.ts'));
  expect(status).toBe(250);
});

test('a reader that goes away is no bug', () => {
  const { stdout, stderr } = spawnSync('bash', ['-c', '"$0" "$1" pour | head -n 1; echo "${PIPESTATUS[0]}"', process.execPath, door], {
    encoding: 'utf8',
    env: environment({}),
  });
  expect([stdout, stderr]).toEqual(['line\n141\n', '']);
});

test.each(['22.12.0', '20.20.2', '8.17.0'])('Node %s is told in one sentence that it is too old', version => {
  const pretend = `data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '${version}' })`;
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--import', pretend, door], { encoding: 'utf8' });
  expect(stderr).toBe(`rollcall needs Node 22.13 or newer; this is ${version}: install Node 24 from https://nodejs.org\n`);
  expect([status, stdout]).toEqual([1, '']);
});

function open(words: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [door, ...words], { encoding: 'utf8', env: environment(env), maxBuffer: 4_000_000 });
}

function environment(env: Record<string, string>): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: folder, XDG_STATE_HOME: join(folder, 'state'), ...env };
}
