// The only place that says what must hold besides the tests: types, lint and format, dead code, a lock file that `npm ci` accepts.
// With `--no-tests` the tests are left to somebody else.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** @type {[string, string, string[]][]} */
const PARTS = [
  ['types', 'tsc', ['--project', '.']],
  ['lint and format', 'biome', ['check', '--error-on-warnings', '.']],
  ['dead code', 'knip', []],
  ['lock file, as npm ci reads it', 'npm', ['ci', '--dry-run', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']],
];
// Where shellcheck is not installed, the machine of .ci/run has it.
if (spawnSync('shellcheck', ['--version']).status === 0) {
  PARTS.push(['shell scripts of hosts', 'shellcheck', ['--severity=warning', '--shell=sh', ...shellScripts()]]);
  PARTS.push(['.ci/run', 'shellcheck', ['.ci/run']]);
}

let failed = 0;
for (const [what, command, args] of PARTS) {
  const began = Date.now();
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${what} (${seconds} s)\n`);
  if (status === 0) continue;
  failed += 1;
  process.stdout.write(`${[stdout, stderr, error?.message].filter(Boolean).join('\n').trimEnd()}\n`);
}
if (failed > 0) process.exitCode = 1;

if (!process.argv.includes('--no-tests')) {
  const tests = spawnSync(process.execPath, ['scripts/test.mjs'], { stdio: 'inherit' });
  if (tests.status !== 0) process.exitCode = 1;
}

function shellScripts() {
  return readdirSync('src', { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.sh'))
    .map(entry => join(entry.parentPath, entry.name));
}
