// The only place that doubts the walls around a practice host: it tries to get out and must fail, each time a fleet
// starts, before anybody else may run a command there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { asNobody, bareEnvironment } from './as-nobody.ts';
import type { Executor, Machine } from './executor.ts';
import { lookUp, sendKill } from './processes.ts';

/**
 * Tries from inside to write to a file outside, to signal a process outside and to reach a listener outside.
 * @returns the first thing that should have failed and did not; undefined when all walls hold
 */
export const probe = async (executor: Executor): Promise<string | undefined> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-probe-'));
  const file = join(folder, 'sentinel');
  writeFileSync(file, 'untouched');
  // File and process belong to whoever runs the sandbox, so that only the walls protect them and not their owner.
  const { uid, gid } = asNobody();
  if (uid !== undefined && gid !== undefined) for (const path of [folder, file]) chownSync(path, uid, gid);
  const sentinel = spawn('sleep', ['60'], { ...asNobody(), cwd: '/', env: bareEnvironment, stdio: 'ignore' });
  let reached = 0;
  const listener = net.createServer(socket => {
    reached += 1;
    socket.destroy();
  });
  try {
    await Promise.all([once(sentinel, 'spawn'), once(listener.listen(0, '127.0.0.1'), 'listening')]);
    const { port } = listener.address() as net.AddressInfo;
    const machine = executor.machine('probe', () => {});
    const said = await ask(machine, attempts({ file, pid: sentinel.pid!, port }));
    machine.cutPower();
    if (!said.includes('tried all')) return `the sandbox runs no commands: ${said.trim().split('\n').at(-1) ?? ''}`;
    if (readFileSync(file, 'utf8') !== 'untouched') return 'a sandboxed command could write outside';
    if (lookUp(sentinel.pid!) === undefined) return 'a sandboxed command could end a process outside';
    if (reached > 0) return 'a sandboxed command could reach the network';
    const shared = sharedNamespace(said);
    return shared === undefined ? undefined : `the sandbox shares its ${shared} namespace with this machine`;
  } finally {
    if (sentinel.pid !== undefined) sendKill(sentinel.pid);
    listener.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Not every machine has a program that can connect, so the names of the namespaces are compared as well. */
const attempts = ({ file, pid, port }: { readonly file: string; readonly pid: number; readonly port: number }): string => `
echo x 2>/dev/null >'${file.replaceAll("'", "'\\''")}'
kill -9 ${pid} 2>/dev/null
bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port}' 2>/dev/null ||
  perl -MIO::Socket::INET -e 'IO::Socket::INET->new("127.0.0.1:${port}") or exit 1' 2>/dev/null
for n in user mnt pid uts ipc net; do echo "$n $(readlink /proc/self/ns/$n)"; done
echo tried all`;

const sharedNamespace = (said: string): string | undefined =>
  ['user', 'mnt', 'pid', 'uts', 'ipc', 'net'].find(name => {
    const inside = said.split('\n').find(line => line.startsWith(`${name} `));
    return inside === undefined || inside.endsWith(' ') || inside === `${name} ${readlinkSync(`/proc/self/ns/${name}`)}`;
  });

/** Runs one command without a wire and gives what it said. */
const ask = (machine: Machine, command: string): Promise<string> =>
  new Promise(resolve => {
    const out = new PassThrough();
    let said = '';
    out.on('data', chunk => (said += chunk));
    machine.run({
      command,
      stdin: Readable.from([]),
      stdout: out,
      stderr: out,
      ended: () => {},
      close: () => out.end(() => resolve(said)),
      gone: AbortSignal.timeout(10_000),
    });
  });
