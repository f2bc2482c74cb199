// The only place where the runner is held to the contract of jobs under each shell that a host may have as /bin/sh.
import { describe, expect, test } from 'vitest';
import { makeJobs } from '../../src/remote/jobs.ts';
import runnerText from '../../src/remote/runner.sh';
import { findShell, makeSimulatedLink, runnerFor, shellNames } from '../support/simulated-link.ts';
import { addressOf } from './address.ts';
import { freshIdentity, hex, jobsContract } from './jobs-contract.ts';

for (const name of shellNames) {
  const shell = findShell(name);
  if (shell === undefined) {
    if (process.env['ROLLCALL_REQUIRE_SHELLS'] === '1') test(`${name} is installed`, () => expect(shell).toBeDefined());
    else describe.skip(`a job on ${name} (not installed)`, () => {});
    continue;
  }
  const link = makeSimulatedLink(shell);
  const own = freshIdentity();
  jobsContract(name, async (identity = own) => {
    const jobs = makeJobs({ transport: link, identity, nonce: () => hex(8), addressOf, runner: runnerFor(runnerText, shell) });
    const line = await jobs.connect({ name: 'web1', address: undefined, gate: 'web1' });
    if (!line.ok) throw new Error(line.failure.cause);
    return line.value;
  });
}
