// The benchmarks of design section 10 that can be had on one machine in some minutes: what is measured, in which order, against which goal.
// A part that fails or has no time left is named in the page with its reason; whatever happens, what was started is ended.
// Arguments: the root of the tree, the rounds, and the simulated hours of looks.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fleet } from '../src/domain/event.ts';
import { type Sshd, startSshd } from '../test/support/sshd.ts';
import { countForks } from './forks.ts';
import { journalAfter, journalShare, timeToAttach } from './journal.ts';
import { cpuOf, endAll, type HostMeter, meterHosts, pause, processesOf, spreadOf, until, within } from './measure.ts';
import { type Ours, openOurs } from './ours.ts';
import { all, ansibleLoop, peerHosts } from './peers.ts';
import { openBareLoop, roundRows } from './rounds.ts';
import { keepSection, pageOf, pairRow, type Row, shown, soloRow } from './table.ts';
import { openConsole } from './terminals.ts';
import { weighWaitingJobs } from './waiting-jobs.ts';

const root = process.argv[2] ?? '.';
const rounds = Number(process.argv[3] ?? 5);
const names = Array.from({ length: all }, (_, i) => `h${String(i + 1).padStart(3, '0')}`);
/** No round begins later than this, and none of the parts before them later than that, seconds. */
const lastRoundAt = 240;
const lastPartAt = 130;
/** Eight take minutes; what is kept of quiet looks grows no more after the first, a third argument proves it. */
const simulatedHours = Number(process.argv[4] ?? 0.5);

const began = performance.now();
const elapsed = (): number => (performance.now() - began) / 1000;
const say = (what: string): void => void process.stderr.write(`bench ${elapsed().toFixed(0).padStart(4)} s: ${what}\n`);

/** What has to be undone, last first. */
const closers: (() => Promise<void> | void)[] = [];
const closeAll = async (): Promise<void> => {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
    const closing = Promise.resolve().then(close);
    await within('an end', 15, closing).catch(error => say(String(error)));
  }
};

const rows: Row[] = [];
const notes: string[] = [];

/** One part of the page; its failure is told there and stops nothing else. */
const part = async (what: string, work: () => Promise<readonly Row[]>): Promise<void> => {
  if (elapsed() > lastPartAt) {
    notes.push(`Not measured, no time was left on this machine: ${what}.`);
    return;
  }
  say(what);
  try {
    rows.push(...(await work()));
  } catch (error) {
    notes.push(`Not measured: ${what} (${error instanceof Error ? error.message : String(error)}).`);
    say(`failed: ${String(error)}`);
  }
};

const main = async (): Promise<void> => {
  const loadBefore = loadavg()[0] ?? 0;
  const sshd = await startSshd({ config: ['MaxStartups 200:30:400'] });
  const meter = meterHosts(sshd.pid());
  closers.push(async () => {
    endAll(processesOf(sshd.home));
    await sshd.stop();
    await until('the hosts’ side to be empty', meter.end, 5);
  });
  const ours = await openOurs(root, fleetOn(sshd));
  closers.push(() => ours.end());
  const bare = openBareLoop(sshd, names, closers);

  await part('idle', () => idleRows(sshd, ours));
  await part('first frames', frameRows);
  await part('a waiting job', waitingRows);
  await part('forks on a host', forkRows);
  say('a round that does not count');
  await ours.run('true', { async: 60, poll: 1 });
  await bare({ scenario: 'start', seconds: 1 });
  await bare({ scenario: 'look', seconds: 1 });
  await part('Ansible', () => ansibleRows(sshd, ours, meter));
  await part('attach to 1,000 jobs', attachRows);
  await part('the journal of a start pass', () => journalRows(ours));
  await part('the journal of a day of looks', daysRows);
  say('rounds');
  const mayGoOn = (round: number): boolean => {
    say(`round ${round} of ${rounds}`);
    return elapsed() < lastRoundAt;
  };
  const contest = await roundRows({ sshd, ours, bare, rounds, mayGoOn });
  const { done } = contest;
  rows.unshift(...contest.rows);

  if (meter.whole === 'no')
    notes.push('The hosts’ side counts what sshd waited for; jobs that left their session are not in it (no control group could be made).');
  notes.push(
    `Beside \`ssh\` and Ansible: ${peerHosts} hosts, multiplied by ${all / peerHosts}; the loop of \`ssh\` starts a detached job and then asks for its exit status.`,
    'Not in this table, for lack of 5,000 hosts behind one server here: lateness of 1,000 polls, key to changed bytes and memory with 5,000 hosts. The seeded faults are tests, not benchmarks.',
  );
  const load = loadavg();
  const page = pageOf(rows, {
    hosts: all,
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cores: cpus().length,
    rounds: `${done} round${done === 1 ? '' : 's'}${done < rounds ? ` of ${rounds} (there was no time for more)` : ''}`,
    load: `Load of the machine: ${loadBefore.toFixed(1)} before, ${load[0]?.toFixed(1)} at the end (the benchmark itself keeps both cores busy).`,
    seconds: Math.round(elapsed()),
    notes,
  });
  process.stdout.write(page);
  const path = join(root, 'bench/RESULTS.md');
  writeFileSync(path, keepSection(page, existsSync(path) ? readFileSync(path, 'utf8') : ''));
};

const fleetOn = (sshd: Sshd): Fleet => ({
  id: 'bench',
  label: 'BENCH',
  source: 'bench',
  practice: 'no',
  hosts: names.map(name => ({
    name,
    gate: name,
    groups: [],
    vars: {},
    address: {
      name,
      host: '127.0.0.1',
      port: sshd.port,
      user: sshd.user,
      identityFiles: [sshd.keyPath],
      knownHostsFiles: [sshd.knownHostsPath],
      strictHostKeyChecking: 'yes',
    },
  })),
});

const idleRows = async (sshd: Sshd, ours: Ours): Promise<Row[]> => {
  const inventory = join(ours.stateDir, 'hosts.yml');
  writeFileSync(inventory, sshd.inventory(names));
  const command = [process.execPath, join(root, 'dist/bin.js'), '-i', inventory, '--state', ours.stateDir];
  const console = await openConsole(command, ours.stateDir);
  const share = async (): Promise<number> => {
    await pause(3);
    const cpu = (): number => console.cpu() + cpuOf(ours.pid);
    const before = cpu();
    await pause(10);
    return (cpu() - before) / 10;
  };
  const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;
  try {
    const nothing = await share();
    await ours.launch('sleep 25', { async: 60, poll: 60 });
    const waiting = await share();
    return [
      soloRow('idle, nothing runs, a console on the screen: share of a core', percent(nothing), '0 %', nothing < 0.0015),
      soloRow(`idle, ${all} jobs wait, none is due, a console on the screen: share of a core`, percent(waiting), '≤ 1 %', waiting <= 0.01),
    ];
  } finally {
    await console.leave();
  }
};

const frameRows = async (): Promise<Row[]> => {
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-bench-frame-'));
  const practice = ['--practice', '--state', join(dir, 'state')];
  const program = [process.execPath, join(root, 'dist/bin.js')];
  const frameOf = async (command: readonly string[]): Promise<number> => {
    const terminal = await openConsole(command, root);
    await terminal.leave();
    return terminal.firstFrame;
  };
  const direct: number[] = [];
  const throughNpm: number[] = [];
  try {
    await frameOf(['npm', 'start', '--', ...practice]);
    for (let i = 0; i < 5; i += 1) {
      direct.push(await frameOf([...program, ...practice]));
      throughNpm.push(await frameOf(['npm', 'start', '--', ...practice]));
    }
  } finally {
    execFileSync(process.execPath, [...program.slice(1), 'practice', '--stop', '--state', join(dir, 'state')], {
      stdio: 'ignore',
      timeout: 15_000,
    });
    endAll(processesOf(dir));
    rmSync(dir, { recursive: true, force: true });
  }
  const [frame, start] = [spreadOf(direct), spreadOf(throughNpm)];
  return [
    soloRow('first frame of the program, fleet and driver alive: ms', shown(frame, 0), '≤ 300', frame.median <= 300),
    soloRow('first frame of a second `npm start`: ms', shown(start, 0), '< 1000', start.median < 1000),
  ];
};

const waitingRows = async (): Promise<Row[]> => {
  const { kilobytesEach, open, timers, jobs } = await weighWaitingJobs(5000);
  const said = `${kilobytesEach.toFixed(1)} kB, ${open} connections, ${timers} timer${timers === 1 ? '' : 's'} for ${jobs} jobs`;
  return [
    soloRow(
      'a waiting job: heap of the driver beyond its tail and host',
      said,
      '≤ 15 kB, no connection, no timer of its own',
      kilobytesEach <= 15 && open === 0 && timers < 10,
    ),
  ];
};

const forkRows = async (): Promise<Row[]> => {
  const forks = countForks();
  if (typeof forks === 'string') throw new Error(forks);
  return [
    soloRow('hosts’ side: forks of a start', String(forks.start), '≤ 12', forks.start <= 12),
    soloRow('hosts’ side: forks of a look at one quiet job', String(forks.look), '≤ 2', forks.look <= 2),
  ];
};

const attachRows = async (): Promise<Row[]> => {
  const beyond: number[] = [];
  for (let i = 0; i < 3; i += 1) {
    const empty = await timeToAttach(root, 0);
    beyond.push((await timeToAttach(root, 1000)) - empty);
  }
  const spread = spreadOf(beyond);
  const work = 'attach to 1,000 running jobs after `kill -9`: state at the client, beyond a driver with an empty journal: ms';
  return [soloRow(work, shown(spread, 0), '≤ 1000', spread.median <= 1000)];
};

const journalRows = async (ours: Ours): Promise<Row[]> => {
  const shares: number[] = [];
  for (let i = 0; i < 3; i += 1) shares.push(100 * (await journalShare(ours)));
  const spread = spreadOf(shares);
  return [soloRow(`journal’s share of the CPU of a start on ${all} hosts: %`, shown(spread, 1), '≤ 5', spread.median <= 5)];
};

const daysRows = async (): Promise<Row[]> => {
  const { bytes, looks } = await journalAfter(root, 1000, simulatedHours);
  const megabytes = bytes / 1024 / 1024;
  const work = `journal of 1,000 quiet jobs, ${looks} looks in ${simulatedHours} simulated hours, its log included: MB`;
  return [soloRow(work, megabytes.toFixed(1), '≤ 20 after 8 h', megabytes <= 20)];
};

const ansibleRows = async (sshd: Sshd, ours: Ours, meter: HostMeter): Promise<Row[]> => {
  const before = meter.seconds();
  const own = await ours.run('true', { async: 60, poll: 1 });
  await pause(1);
  const there = meter.seconds() - before;
  const ansible = await ansibleLoop(sshd, meter);
  if (ansible === undefined) throw new Error('ansible is not installed');
  const nextTo = '`ansible -B 60 -P 1`, cold';
  const here = { work: `\`true\` started and polled on ${all} hosts: CPU here`, nextTo, ours: [own.cpu], theirs: [ansible.here.cpu] };
  return [
    pairRow({ ...here, goal: { least: 25 } }),
    pairRow({
      work: 'the same: CPU on the hosts’ side',
      nextTo,
      ours: [there],
      theirs: [ansible.there],
      goal: { least: 10 },
    }),
  ];
};

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void closeAll().then(() => process.exit(1)));
if (!existsSync(join(root, 'dist/driver.js'))) throw new Error('build first: npm run build');
if (spawnSync('script', ['--version']).error !== undefined) say('`script` of util-linux is missing: no frames');
try {
  await main();
} finally {
  await closeAll();
}
process.exit(0);
