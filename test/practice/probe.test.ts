// The probe must notice a sandbox that leaks: here are sandboxes that leak on purpose, one wall after the other.
// What it tries there is harmless by design: one sentinel file, one sentinel process, one sentinel port.
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { asNobody, bareEnvironment } from '../../src/practice/as-nobody.ts';
import type { Executor } from '../../src/practice/executor.ts';
import { probe } from '../../src/practice/probe.ts';

/** No sandbox at all, but for the lines of the probe that `hold` matches. */
const leaky = (hold: RegExp | undefined): Executor => ({
  mode: 'namespaces',
  machine: () => ({
    run: call => {
      const lines = call.command.split('\n').filter(line => hold === undefined || !hold.test(line));
      const child = spawn('/bin/sh', ['-c', lines.join('\n')], {
        ...asNobody(),
        cwd: '/',
        env: bareEnvironment,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stdout.pipe(call.stdout, { end: false });
      child.once('close', () => call.close());
    },
    busy: () => false,
    cutPower: () => {},
  }),
  close: async () => {},
});

test.each([
  ['the files', undefined, 'could write outside'],
  ['the processes', /^echo x/, 'could end a process outside'],
  ['the network', /^(echo x|kill)/, 'could reach the network'],
  ['the names', /^(echo x|kill|bash| *perl)/, 'shares its user namespace'],
  ['everything, since it runs nothing', /^/, 'runs no commands'],
])('a sandbox that leaks %s is found out', async (_, hold, what) => {
  expect(await probe(leaky(hold))).toContain(what);
});
