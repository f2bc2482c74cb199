// A process that tries for the lease whenever a line tells it to, says what it got, and keeps it until told `drop` or killed.
// Run as: node racer.ts STATE [child]; with `child` it leaves a detached child behind and tells that one's pid.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Lease, tryLease } from '../../src/journal/lease.ts';

const [, , stateDir = '', child] = process.argv;
let held: Lease | undefined;

const race = async (at: number): Promise<void> => {
  // All of them at the same millisecond, however slowly they were told.
  while (Date.now() < at);
  const lease = tryLease(stateDir);
  if (lease.ok && lease.value !== 'taken') held = lease.value;
  const got = lease.ok ? (lease.value === 'taken' ? 'taken' : 'held') : lease.failure.tag;
  const left = child === undefined ? '' : spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).pid;
  process.stdout.write(`${got} ${left}\n`);
};

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'drop') {
    held?.release();
    held = undefined;
    process.stdout.write('dropped\n');
  } else if (line === 'hello') process.stdout.write('ready\n');
  else await race(Number(line));
}
