import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { childrenOf, endAll, isAlive, lookUp, record, recorded } from './processes.ts';

const onLinux = process.platform === 'linux';

const start = async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return { child, pid: child.pid!, ended: once(child, 'exit') };
};

const makeFile = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-processes-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'processes');
};

test.skipIf(!onLinux)('a recorded process is found again and ended; a stranger with its number is not', async () => {
  const [ours, strange, path] = [await start(), await start(), makeFile()];
  record(path, ours.pid);
  writeFileSync(path, `${strange.pid} 1\nnonsense\n\n`, { flag: 'a' });
  const known = recorded(path);
  expect(known.map(isAlive)).toContain(true);
  endAll(known);
  await ours.ended;
  expect(lookUp(ours.pid)).toBeUndefined();
  expect(strange.child.exitCode ?? strange.child.signalCode).toBeNull();
  expect(lookUp(strange.pid)).toBeDefined();
});

test.skipIf(!onLinux)('children are seen, and nobody has any who does not exist', async () => {
  const { pid } = await start();
  expect(childrenOf(process.pid)).toContain(pid);
  expect(childrenOf(2 ** 22 + 1)).toEqual([]);
});

test('no file means nobody was recorded', () => {
  expect(recorded('/nonexistent/processes')).toEqual([]);
});
