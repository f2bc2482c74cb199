// The only place that runs what others would use: the system's ssh in a shell loop, and Ansible's async tasks.
// They work on some of the hosts, since their cost grows with the number of hosts; what is returned is for all.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sshd } from '../test/support/sshd.ts';
import { type Cost, endAll, type HostMeter, processesOf, timed } from './measure.ts';

/** Hosts of a comparison, and on how many of them a peer is run. */
export const all = 40;
export const peerHosts = 10;
const times = all / peerHosts;

/** Only this key exchange, against OpenSSH's own first choice. */
export const curve25519: readonly string[] = ['-o', 'KexAlgorithms=curve25519-sha256'];

/** Starts a detached job on every host, then asks each for its exit status: two connections a host, 25 at once. */
export const sshLoop = async (sshd: Sshd, extra: readonly string[]): Promise<Cost> => {
  const ssh = ['ssh', '-F', '/dev/null', '-T', '-p', String(sshd.port), '-i', sshd.keyPath];
  const words = [...ssh, '-o', `UserKnownHostsFile=${sshd.knownHostsPath}`, ...extra, `${sshd.user}@127.0.0.1`].join(' ');
  const each = (command: string): string => `seq ${peerHosts} | xargs -P 25 -I{} ${words} '${command}'`;
  const start = each('mkdir -p loop/{}; setsid sh -c "sleep 1; echo \\$? >loop/{}/rc" </dev/null >/dev/null 2>&1 &');
  return scaled(await timed(['bash', '-c', `${start}; ${each('cat loop/{}/rc')}; true`], {}, 60));
};

/** What Ansible costs, on both sides. */
export type AnsibleCost = { readonly here: Cost; readonly there: number };

/**
 * `ansible -B 60 -P 1`: a start and one poll of each host, connections kept as it does by default.
 * Its own start-up, measured by `--list-hosts`, is taken off. Undefined where there is no Ansible.
 */
export const ansibleLoop = async (sshd: Sshd, meter: HostMeter): Promise<AnsibleCost | undefined> => {
  if (spawnSync('ansible', ['--version'], { timeout: 20_000 }).status !== 0) return undefined;
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-bench-ansible-'));
  try {
    const names = Array.from({ length: peerHosts }, (_, i) => `a${i + 1}`);
    // All names stand for one address: each gets a connection of its own, as hosts would. The server's HOME is not the account's, and
    // Ansible takes one for the start and the other for the poll.
    const own = [`control_path: ${dir}/{{ inventory_hostname }}`, `async_dir: ${sshd.home}/async`, 'python_interpreter: /usr/bin/python3'];
    const ownVars = own.map(line => `    ansible_${line}\n`).join('');
    writeFileSync(join(dir, 'hosts.yml'), sshd.inventory(names).replace('  vars:\n', `  vars:\n${ownVars}`));
    writeFileSync(join(dir, 'ansible.cfg'), '');
    const env = { ANSIBLE_LOCAL_TEMP: dir, ANSIBLE_HOME: dir, ANSIBLE_CONFIG: join(dir, 'ansible.cfg') };
    const ansible = ['ansible', 'all', '-i', join(dir, 'hosts.yml')];
    const before = meter.seconds();
    const work = await timed([...ansible, '-f', '25', '-B', '60', '-P', '1', '-m', 'shell', '-a', 'true'], env, 80);
    const there = meter.seconds() - before;
    const startUp = await timed([...ansible, '--list-hosts'], env, 25);
    return { here: scaled({ wall: work.wall - startUp.wall, cpu: work.cpu - startUp.cpu }), there: there * times };
  } finally {
    endAll(processesOf(dir));
    rmSync(dir, { recursive: true, force: true });
  }
};

const scaled = ({ wall, cpu }: Cost): Cost => ({ wall: wall * times, cpu: cpu * times });
