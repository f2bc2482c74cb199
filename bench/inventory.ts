// The benchmark of large inventories, `npm run bench -- inventory`: ours and Ansible's reading of the same files in one run.
// It writes its own section of bench/RESULTS.md. Arguments: the root of the tree, and the rounds.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hostsInAll, type Written, writeFleet } from './fleets.ts';
import type { Loaded } from './load.ts';
import { type Cost, spreadOf, timed } from './measure.ts';
import { pairRow, putSection, type Row, shown, soloRow, tableOf } from './table.ts';

const root = process.argv[2] ?? '.';
const rounds = Number(process.argv[3] ?? 5);

const fleets: readonly (Written & { readonly words: string })[] = [
  { words: 'INI, group_vars', form: 'ini', hostVars: 'none' },
  { words: 'INI, group_vars, 1,000 host_vars', form: 'ini', hostVars: 'some' },
  { words: 'YAML, group_vars', form: 'yaml', hostVars: 'none' },
];
const patterns = ['all', 'web1*', 'group1*:&web*-00?.example.net:!group100', '~web[01]\\d\\d-0[0-4]', 'all[0:99]'];

const say = (what: string): void => void process.stderr.write(`bench: ${what}\n`);

const main = async (dir: string): Promise<void> => {
  const began = performance.now();
  const loadBefore = loadavg()[0] ?? 0;
  const home = join(dir, 'home');
  mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, '.ssh/config'), 'Host *.example.org\n  ProxyJump bastion\nHost *\n  ServerAliveInterval 30\n', { mode: 0o600 });
  writeFileSync(join(home, 'ansible.cfg'), '');
  const env = { HOME: home, ANSIBLE_HOME: home, ANSIBLE_LOCAL_TEMP: home, ANSIBLE_CONFIG: join(home, 'ansible.cfg') };
  const hasAnsible = spawnSync('ansible-inventory', ['--version'], { timeout: 20_000 }).status === 0;
  const rows: Row[] = [];
  const patternTimes: number[][] = patterns.map(() => []);
  for (const fleet of fleets) {
    const source = writeFleet(join(dir, `${fleet.form}-${fleet.hostVars}`), fleet);
    const whole: Cost[] = [];
    const inventory: Loaded[] = [];
    const planned: Loaded[] = [];
    const theirs: Cost[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      say(`${fleet.words}, round ${round} of ${rounds}`);
      whole.push(await timed([process.execPath, join(root, 'dist/bin.js'), 'hosts', 'all', '-i', source], env, 60));
      const read = loadOnce('inventory', source, env);
      inventory.push(read);
      for (const [index, milliseconds] of read.patterns.entries()) patternTimes[index]?.push(milliseconds);
      planned.push(loadOnce('fleet', source, env));
      // It takes so long that once is enough.
      if (hasAnsible && round === 1) theirs.push(await timed(['ansible-inventory', '-i', source, '--list'], env, 120));
    }
    const wall = (costs: readonly Cost[]): number[] => costs.map(cost => cost.wall);
    const pair = { nextTo: '`ansible-inventory --list`', goal: { least: 10 } };
    rows.push(
      pairRow({ ...pair, work: `${fleet.words}: \`rollcall hosts all\`, the whole process`, ours: wall(whole), theirs: wall(theirs) }),
      loadRow(`${fleet.words}: reading alone`, inventory),
      loadRow(`${fleet.words}: reading, and how each host is reached`, planned),
    );
  }
  for (const [index, pattern] of patterns.entries()) rows.push(patternRow(pattern, patternTimes[index] ?? []));
  const load = `load of the machine ${loadBefore.toFixed(1)} before, ${loadavg()[0]?.toFixed(1)} at the end`;
  const section = [
    `Written by \`npm run bench -- inventory\` on ${new Date().toISOString().slice(0, 10)}: node ${process.version}, ${cpus().length} cores,`,
    `${rounds} rounds (Ansible one), ${Math.round((performance.now() - began) / 1000)} s in all, ${load}.`,
    '',
    `${hostsInAll.toLocaleString('en')} hosts in 200 groups; seconds unless said otherwise, median (least–most). Every figure is a process that has read nothing before;`,
    'what else runs on the machine only adds to its time, so that milliseconds are judged by the least.',
    ...(hasAnsible ? [] : ['Ansible is not installed here.']),
    '',
    ...tableOf(rows),
  ].join('\n');
  process.stdout.write(`${section}\n`);
  const page = join(root, 'bench/RESULTS.md');
  writeFileSync(page, putSection(readFileSync(page, 'utf8'), section));
};

const loadOnce = (what: 'inventory' | 'fleet', source: string, env: NodeJS.ProcessEnv): Loaded => {
  const program = fileURLToPath(new URL('./load.mjs', import.meta.url));
  const asked = what === 'inventory' ? patterns : [];
  const said = execFileSync(process.execPath, [program, what, source, ...asked], { env: { ...process.env, ...env }, timeout: 60_000 });
  return JSON.parse(said.toString()) as Loaded;
};

/** What else runs on the machine only adds to a time, so the least is held against the goal. */
const loadRow = (work: string, loads: readonly Loaded[]): Row => {
  const [wall, cpu] = [spreadOf(loads.map(({ load }) => load)), spreadOf(loads.map(each => each.cpu))];
  return soloRow(`${work}: ms`, `${shown(wall, 0)}, CPU ${shown(cpu, 0)}`, '≤ 1000', wall.least <= 1000);
};

const patternRow = (pattern: string, milliseconds: readonly number[]): Row => {
  const spread = spreadOf(milliseconds);
  return soloRow(`the pattern \`${pattern}\`: ms`, shown(spread, 1), '≤ 20', spread.least <= 20);
};

const dir = mkdtempSync(join(tmpdir(), 'rollcall-bench-inventory-'));
try {
  await main(dir);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
