// The benchmarks of design section 10 that are due now: start, poll, hosts' side, wall, waiting job, idle, first frame,
// next to the bare loop and to ssh in a shell loop. Prints one table and writes it to bench/RESULTS.md.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fleet } from '../src/domain/event.ts';
import { Rig } from '../test/support/rig.ts';
import { type Sshd, startSshd } from '../test/support/sshd.ts';
import { type Cost, childrenCpuOf, firstFrame, openOurs } from './ours.ts';

const root = process.argv[2] ?? '.';
const rounds = Number(process.argv[3] ?? 5);
const names = Array.from({ length: 100 }, (_, i) => `h${String(i + 1).padStart(3, '0')}`);

type Row = { readonly work: string; readonly ours: string; readonly other: string; readonly ratio: string; readonly target: string };

const main = async (): Promise<void> => {
  const sshd = await startSshd({ config: ['MaxStartups 200:30:400'] });
  const rows: Row[] = [];
  try {
    const ours = await openOurs(root, fleetOn(sshd));
    await ours.run('true', { async: 60, poll: 0 });
    rows.push(...(await startRows(sshd, ours)), ...(await lookRows(sshd, ours)), ...(await wallRows(sshd, ours)));
    rows.push({
      work: 'idle, a console connected: share of a core',
      ours: percent(await ours.idle(10)),
      other: '',
      ratio: '',
      target: '≤ 1 %',
    });
    await ours.end();
    rows.push(await memoryRow(), await frameRow());
  } finally {
    await sshd.stop();
  }
  const text = tableOf(rows);
  process.stdout.write(text);
  writeFileSync(join(root, 'bench/RESULTS.md'), text);
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

type Ours = Awaited<ReturnType<typeof openOurs>>;

const startRows = async (sshd: Sshd, ours: Ours): Promise<Row[]> => {
  const own: Cost[] = [];
  const bare: Cost[] = [];
  const there: number[] = [];
  for (let i = 0; i < rounds; i += 1) {
    const before = childrenCpuOf(sshd.pid());
    own.push(await ours.run('sleep 1', { async: 60, poll: 0 }));
    there.push(childrenCpuOf(sshd.pid()) - before);
    bare.push(bareLoop(sshd, 'start', 1));
  }
  const plain = sshLoop(sshd, ['-o', 'KexAlgorithms=curve25519-sha256']);
  const stock = sshLoop(sshd, []);
  const rows = [
    pair('start 100 hosts, CPU s here: bare loop', own, bare, 'cpu', '≤ 1.3'),
    pair('start 100 hosts, wall s: bare loop', own, bare, 'wall', ''),
    against('start 100 hosts, CPU s here: ssh with curve25519', own, plain, '≥ 1.7 × less'),
    against('start 100 hosts, CPU s here: ssh as it comes', own, stock, '≥ 10 × less'),
  ];
  const ansible = ansibleStart(sshd);
  if (ansible === undefined) return rows;
  return [
    ...rows,
    against('start 100 hosts, CPU s here: ansible -B 60 -P 0, cold', own, ansible.here, '≥ 25 × less'),
    against(
      "start 100 hosts, CPU s on the hosts' side: ansible -B 60 -P 0",
      there.map(cpu => ({ cpu, wall: 0 })),
      ansible.there,
      '≥ 10 × less',
    ),
  ];
};

const lookRows = async (sshd: Sshd, ours: Ours): Promise<Row[]> => {
  const own: Cost[] = [];
  const bare: Cost[] = [];
  await ours.run('sleep 50', { async: 60, poll: 0 });
  await new Promise(resolve => setTimeout(resolve, 8000));
  for (let i = 0; i < rounds; i += 1) {
    own.push(await ours.lookAtAll());
    bare.push(bareLoop(sshd, 'look', 20));
    await new Promise(resolve => setTimeout(resolve, 1500));
  }
  return [
    pair('one look at 100 jobs, reconnecting, CPU s: bare loop', own, bare, 'cpu', '≤ 1.3'),
    pair('one look at 100 jobs, wall s: bare loop', own, bare, 'wall', ''),
  ];
};

const wallRows = async (sshd: Sshd, ours: Ours): Promise<Row[]> => {
  const own: Cost[] = [];
  const bare: Cost[] = [];
  for (let i = 0; i < rounds; i += 1) {
    own.push(await ours.run('sleep 3', { async: 60, poll: 1 }));
    bare.push(bareLoop(sshd, 'wall', 3));
  }
  return [
    pair('sleep 3 on 100 hosts polled each second, wall s: bare loop', own, bare, 'wall', '≤ 1.25'),
    pair('the same, CPU s: bare loop', own, bare, 'cpu', '≤ 1.3'),
  ];
};

const bareLoop = (sshd: Sshd, scenario: string, seconds: number): Cost => {
  const task = { names, port: sshd.port, user: sshd.user, keyPath: sshd.keyPath, forks: 25, scenario, seconds };
  const loop = new URL('./bare-loop.mjs', import.meta.url).pathname;
  return JSON.parse(execFileSync(process.execPath, [loop, JSON.stringify(task)], { encoding: 'utf8' })) as Cost;
};

const sshLoop = (sshd: Sshd, extra: readonly string[]): Cost => {
  const ssh = [
    'ssh',
    '-F',
    '/dev/null',
    '-T',
    '-p',
    String(sshd.port),
    '-i',
    sshd.keyPath,
    '-o',
    `UserKnownHostsFile=${sshd.knownHostsPath}`,
    ...extra,
    '127.0.0.1',
  ];
  const loop = `seq 100 | xargs -P 25 -I{} ${ssh.join(' ')} 'setsid sh -c "sleep 1" </dev/null >/dev/null 2>&1 &'`;
  return timed('bash', ['-c', loop]);
};

const ansibleStart = (sshd: Sshd): { here: Cost; there: Cost } | undefined => {
  if (spawnSync('ansible', ['--version']).status !== 0) return undefined;
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-bench-ansible-'));
  writeFileSync(join(dir, 'hosts.yml'), sshd.inventory(names));
  const before = childrenCpuOf(sshd.pid());
  const here = timed('ansible', ['all', '-i', join(dir, 'hosts.yml'), '-f', '25', '-B', '60', '-P', '0', '-m', 'shell', '-a', 'sleep 1'], {
    ANSIBLE_LOCAL_TEMP: dir,
    ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
  });
  const there = { cpu: childrenCpuOf(sshd.pid()) - before, wall: 0 };
  rmSync(dir, { recursive: true, force: true });
  return { here, there };
};

/** Runs a command with everything that it starts accounted for by the shell. */
const timed = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Cost => {
  const ran = spawnSync('bash', ['-c', 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1', 'time', command, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  const [wall = 0, user = 0, system = 0] = ran.stderr.trim().split(/\s+/).map(Number);
  return { wall, cpu: user + system };
};

/** Heap of a job that waits: 5,000 of them on simulated hosts. */
const memoryRow = async (): Promise<Row> => {
  const count = 5000;
  const hosts = Array.from({ length: count }, (_, i) => `m${i}`);
  const rig = new Rig({ settings: { forks: 100, handshakes: 1000, persist: 0 } });
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  await rig.run(hosts, { command: '86400 0', async: 172_800, fleet: hosts, poll: 60 });
  await rig.clock.pass(120_000);
  globalThis.gc?.();
  const each = (process.memoryUsage().heapUsed - before) / count;
  return {
    work: 'a waiting job, with host, journal entries in memory and simulated host: heap kB',
    ours: (each / 1024).toFixed(1),
    other: '',
    ratio: '',
    target: '≤ 15',
  };
};

const frameRow = async (): Promise<Row> => {
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-bench-frame-'));
  const times: number[] = [];
  for (let i = 0; i < rounds + 1; i += 1) times.push(await firstFrame(root, join(dir, 'state')));
  spawnSync(process.execPath, [join(root, 'dist/bin.js'), 'practice', '--stop', '--state', join(dir, 'state')]);
  rmSync(dir, { recursive: true, force: true });
  return {
    work: 'first frame, modules installed, fleet and driver alive: ms',
    ours: median(times.slice(1)).toFixed(0),
    other: '',
    ratio: '',
    target: '≤ 300',
  };
};

const pair = (work: string, own: readonly Cost[], other: readonly Cost[], what: keyof Cost, target: string): Row => {
  const a = median(own.map(cost => cost[what]));
  const b = median(other.map(cost => cost[what]));
  return { work, ours: a.toFixed(2), other: b.toFixed(2), ratio: `${(a / b).toFixed(2)} ×`, target };
};

const against = (work: string, own: readonly Cost[], other: Cost, target: string): Row => {
  const a = median(own.map(({ cpu }) => cpu));
  return { work, ours: a.toFixed(2), other: other.cpu.toFixed(2), ratio: `${(other.cpu / a).toFixed(1)} × less`, target };
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

const tableOf = (rows: readonly Row[]): string =>
  [
    '# Benchmarks',
    '',
    `Made by \`npm run bench\`: ${rounds} rounds, medians, all in one run. Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)} at the end.`,
    'Ratios count; times depend on the machine. Process start-up is excluded on both sides, except for ssh and ansible, which are processes.',
    '',
    '| work: next to | ours | the other | ratio | target |',
    '|---|---|---|---|---|',
    ...rows.map(row => `| ${row.work} | ${row.ours} | ${row.other} | ${row.ratio} | ${row.target} |`),
    '',
  ].join('\n');

if (!existsSync(join(root, 'dist/driver.js'))) throw new Error('build first: npm run build');
await main();
process.exit(0);
