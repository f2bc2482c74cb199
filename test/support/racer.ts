// A process that tries for the lease when its standard input says so, tells what it got, and keeps it until it is killed.
// Run as: node racer.ts STATE [child]; with `child` it first leaves a detached child behind and tells that one's pid.
import { spawn } from 'node:child_process';
import { tryLease } from '../../src/journal/lease.ts';

const [, , stateDir = '', child] = process.argv;
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  const lease = tryLease(stateDir);
  const got = !lease.ok ? lease.failure.tag : lease.value === 'taken' ? 'taken' : 'held';
  const left = child === undefined ? undefined : spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).pid;
  process.stdout.write(`${got} ${left ?? ''}\n`);
});
setInterval(() => {}, 60_000);
