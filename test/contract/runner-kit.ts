// The only place for what tests of the runner share: a line to a private home, that home's files, and the processes in it.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync, symlinkSync, utimesSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Jid } from '../../src/domain/job.ts';
import { makeJobs, type RemoteLine } from '../../src/remote/jobs.ts';
import runnerText from '../../src/remote/runner.sh';
import { findShell, runnerFor, type Shell, type SimulatedLink, shellNames, temporary } from '../support/simulated-link.ts';
import { addressOf } from './address.ts';
import { freshIdentity, hex, value } from './jobs-contract.ts';

const unmount: string[] = [];
afterAll(() => {
  for (const folder of unmount) execFileSync('umount', ['-l', folder]);
});

/** Says `contract` once for each shell that is installed; with ROLLCALL_REQUIRE_SHELLS=1 all of them have to be. */
export const underEachShell = (contract: (shell: Shell) => void): void => {
  for (const name of shellNames) {
    const shell = findShell(name);
    if (shell !== undefined) contract(shell);
    else if (process.env['ROLLCALL_REQUIRE_SHELLS'] === '1') test(`${name} is installed`, () => expect(shell).toBeDefined());
    else describe.skip(`a job on ${name} (not installed)`, () => {});
  }
};

/** A line to the home behind `link`; `change` does something to the runner's text first. */
export const openLine = async (
  shell: Shell,
  link: SimulatedLink,
  change?: (source: string) => string,
  identity = freshIdentity(),
): Promise<RemoteLine> => {
  const runner = runnerFor(runnerText, shell, change);
  const jobs = makeJobs({ transport: link, identity, nonce: () => hex(8), addressOf, runner });
  return value(await jobs.connect({ name: 'web1', address: undefined, gate: 'web1' }));
};

/** What the runner needs of a host, save a way to detach. */
export const usualTools =
  'sh env cat cp dd mv rm mkdir mkfifo ln date ls sleep head tail tee wc grep find tr test [ true printf kill echo'.split(' ');

/** A folder with links to just these programs. */
export const toolsOf = (shell: Shell, programs: readonly string[]): string => {
  const own = temporary('rollcall-tools-');
  const folders = [shell.path, process.env['PATH'] ?? ''].join(delimiter).split(delimiter);
  for (const program of programs) {
    const found = folders.map(folder => join(folder, program)).find(existsSync);
    if (found !== undefined) symlinkSync(realPython(program, found), join(own, program));
  }
  return own;
};

/** Where the host keeps the job. */
export const jobFolder = (link: SimulatedLink, jid: Jid): string => join(link.home, '.rollcall/jobs', jid);

/** Who waits for the job, and the job itself, as its folder tells. */
export const processesOf = (link: SimulatedLink, jid: Jid): { supervisor: number; child: number } => {
  const word = (file: string, index: number) => Number(readFileSync(join(jobFolder(link, jid), file), 'utf8').split(' ')[index]);
  return { supervisor: word('super', 1), child: word('child', 0) };
};

/** Signals 0 reach zombies too; those are gone for us. */
export const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return pid < 0 || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

/** Makes a file as old as that. */
export const age = (file: string, hours: number): void => {
  const then = Date.now() / 1000 - hours * 3600;
  utimesSync(file, then, then);
};

/** Version managers put a script in front of python3. */
const realPython = (program: string, found: string): string =>
  program === 'python3' ? execFileSync(found, ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim() : found;

/** A home of 256 kB on a file system of its own; only root may make one. */
export const mountSmall = (_link: SimulatedLink, skip: (why: string) => void): string => {
  const home = temporary('rollcall-small-');
  if (process.getuid?.() !== 0) skip('only root may mount');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', home]);
  unmount.push(home);
  chmodSync(home, 0o755);
  return home;
};

/** Processes that have to do with the job: by their words, their environment or what they hold open. */
export const processesAbout = (link: SimulatedLink, jid: Jid): readonly number[] => {
  const folder = jobFolder(link, jid);
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(pid => {
      const of = (file: string): string => readFileSync(join('/proc', pid, file), 'latin1');
      try {
        return (
          of('cmdline').includes(folder) ||
          of('environ').includes(folder) ||
          readdirSync(join('/proc', pid, 'fd')).some(fd => readlinkSync(join('/proc', pid, 'fd', fd)).startsWith(folder))
        );
      } catch {
        return false;
      }
    })
    .map(Number);
};
