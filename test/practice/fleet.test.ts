// Holds the practice fleet to what hosts are: they run commands as sshd does, each is a machine of its own, and the
// fleet comes, grows, goes and cleans up.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { expect, type TestContext, test, vi } from 'vitest';
import { ensurePractice, stopPractice } from '../../src/practice/client.ts';
import { isAlive, recorded } from '../../src/practice/processes.ts';
import { connect, hasNamespaces, makeYard, ssh, until, wayTo, type Yard } from './support.ts';

// Handshakes, boots and reboots on a busy machine; what is waited for is always a fact.
vi.setConfig({ testTimeout: 60_000 });

/** The real shell needs namespaces; where there are none the acting form has tests of its own. */
const whole = hasNamespaces ? test.concurrent : test.skip;

/** Each test has a fleet of its own; they mostly wait, so they run beside each other. */
const newYard = async ({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Promise<Yard> => {
  const yard = await makeYard();
  onTestFinished(() => yard.remove());
  return yard;
};

const recordedIn = (yard: Yard) => recorded(join(yard.stateDir, 'practice', 'processes'));

whole('a command has its input, its outputs, its exit status and its signal', async context => {
  const fleet = await (await newYard(context)).ensure();
  expect(fleet.mode).toBe('namespaces');
  const told = await ssh(fleet, 'web01', 'cat; echo oops >&2; exit 3', 'from the client\n');
  expect(told).toEqual({ out: 'from the client\n', err: 'oops\n', code: 3, signal: undefined });
  expect(await ssh(fleet, 'web01', 'kill -TERM $$')).toMatchObject({ code: undefined, signal: 'SIGTERM' });
  const much = await ssh(fleet, 'web01', 'head -c 5000000 /dev/zero | tr "\\0" x; cat >/dev/null', 'y'.repeat(3_000_000));
  expect(much.out.length).toBe(5_000_000);
});

whole('each host is a machine of its own, with a bare environment and its own home', async context => {
  const fleet = await (await newYard(context)).ensure();
  const [one, two] = await Promise.all([
    ssh(fleet, 'web01', 'uname -n; echo mine >note; pwd; env | cut -d= -f1 | sort | tr "\\n" " "; ls -A /home /sys'),
    ssh(fleet, 'web02', 'uname -n; sleep 0.3; ls -A; ls -A /.practice; ps ax | wc -l'),
  ]);
  expect(one.out).toMatch(/^web01\n\/home\/ops\nHOME LANG LOGNAME PATH PWD SHELL USER \/home:\nops\n\n\/sys:\n$/);
  expect(two.out).toMatch(/^web02\n\d\n$/);
  expect(two.err).toContain('/.practice');
  const ids = await Promise.all(['web01', 'web01', 'web02'].map(name => ssh(fleet, name, 'cat /proc/sys/kernel/random/boot_id')));
  expect(ids[0]?.out).toBe(ids[1]?.out);
  expect(ids[0]?.out).not.toBe(ids[2]?.out);
  expect(ids[0]?.out).not.toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
});

whole('a job in its own session outlives the connection, and the channel does not wait for it', async context => {
  const fleet = await (await newYard(context)).ensure();
  const job = 'while [ ! -e go ]; do sleep 0.1; done; echo done >mark';
  await ssh(fleet, 'web03', `setsid sh -c '${job}' </dev/null >/dev/null 2>&1 &`);
  await ssh(fleet, 'web03', 'touch go');
  await until('the job to end', async () => (await ssh(fleet, 'web03', 'cat mark 2>/dev/null')).out === 'done\n');
});

whole('only our key of our user gets in, and only single commands run', async context => {
  const fleet = await (await newYard(context)).ensure();
  const way = wayTo(fleet, 'web01');
  const { privateKey: _, ...keyless } = way;
  await expect(connect({ ...way, username: 'root' })).rejects.toThrow('authentication');
  await expect(connect({ ...keyless, password: 'x' })).rejects.toThrow('authentication');
  const client = await connect(way);
  const shell = await new Promise<string>((resolve, reject) => {
    client.shell(false, (error, channel) => {
      if (error !== undefined) return reject(error);
      channel.resume();
      channel.stderr.on('data', (chunk: Buffer) => resolve(String(chunk)));
    });
  });
  expect(shell).toContain('no shell to log in to');
  await expect(new Promise((resolve, reject) => client.sftp(error => (error ? reject(error) : resolve('open'))))).rejects.toThrow();
  await expect(
    new Promise((resolve, reject) =>
      client.forwardOut('127.0.0.1', 1, '127.0.0.1', 22, error => (error ? reject(error) : resolve('open'))),
    ),
  ).rejects.toThrow();
  client.end();
  expect(statSync(fleet.privateKeyPath).mode & 0o777).toBe(0o600);
});

whole('listens on 127.0.0.1 only; the refusing host refuses and the slow one is slow', async context => {
  const fleet = await (await newYard(context)).ensure();
  const port = fleet.hosts[0]!.port;
  const elsewhere = await new Promise<string>(resolve => {
    const socket = net.connect({ host: '127.0.0.2', port });
    socket.on('connect', () => resolve('connected'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
  });
  expect(elsewhere).toBe('ECONNREFUSED');
  await expect(connect(wayTo(fleet, 'edge2'))).rejects.toThrow('ECONNREFUSED');
  const timed = async (name: string) => {
    const start = performance.now();
    expect((await ssh(fleet, name, 'echo here')).out).toBe('here\n');
    return performance.now() - start;
  };
  await Promise.all([timed('web01'), timed('edge1')]); // both have booted now
  const [quick, slow] = await Promise.all([timed('web01'), timed('edge1')]);
  expect(slow - quick).toBeGreaterThan(1300);
});

whole('the dropping host cuts links, but never twice in a row', async context => {
  const fleet = await (await newYard(context)).ensure();
  const cut: boolean[] = [];
  for (let i = 0; i < 12; i += 1) {
    const told = await ssh(fleet, 'edge3', 'cat; echo and some more output than a cut lets pass', 'x'.repeat(2000)).catch(() => undefined);
    cut.push(told === undefined || (told.code === undefined && told.signal === undefined));
  }
  expect(cut.filter(Boolean).length).toBeGreaterThanOrEqual(3);
  expect(cut.some((was, i) => was && cut[i + 1] === true)).toBe(false);
});

whole('a long job gets db02 rebooted once: all jobs die, /tmp is empty, the boot id is new, homes stay', async context => {
  const fleet = await (await newYard(context)).ensure();
  const before = (await ssh(fleet, 'db02', 'cat /proc/sys/kernel/random/boot_id; echo kept >kept; echo gone >/tmp/gone')).out;
  await ssh(fleet, 'db02', 'setsid sh -c "sleep 30; echo no >survived" </dev/null >/dev/null 2>&1 &');
  const idle = await connect(wayTo(fleet, 'db02'));
  const cutOff = new Promise<void>(resolve => idle.on('close', () => resolve()));
  const start = performance.now();
  await cutOff;
  expect(performance.now() - start).toBeGreaterThan(4000);
  expect(performance.now() - start).toBeLessThan(13_000);
  await expect(connect(wayTo(fleet, 'db02'))).rejects.toThrow('ECONNREFUSED');
  const after = await until('the host to come back', () =>
    ssh(fleet, 'db02', 'cat /proc/sys/kernel/random/boot_id; cat kept; ls /tmp; ps ax | grep -c "[s]leep 30"').catch(() => undefined),
  );
  expect(after.out).toMatch(/^[0-9a-f-]{36}\nkept\n0\n$/);
  expect(after.out.slice(0, 36)).not.toBe(before.slice(0, 36));
});

whole('a second start joins the living fleet and adds hosts; two at once make one', async context => {
  const yard = await newYard(context);
  const [one, two] = await Promise.all([yard.ensure(), yard.ensure()]);
  expect(two).toEqual(one);
  const three = await yard.ensure(15);
  expect(three.pid).toBe(one.pid);
  expect(three.hosts.slice(0, 12)).toEqual(one.hosts);
  expect(three.hosts.slice(12).map(host => host.name)).toEqual(['web07', 'web08', 'web09']);
  expect((await ssh(three, 'web09', 'uname -n')).out).toBe('web09\n');
  expect(readFileSync(three.inventoryPath, 'utf8')).toContain('web09');
  expect(readFileSync(three.knownHostsPath, 'utf8').trim().split('\n').length).toBe(15);
});

whole('kill -9 of the process ends its hosts, and the next start cleans up', async context => {
  const yard = await newYard(context);
  const first = await yard.ensure();
  await ssh(first, 'web01', 'setsid sleep 300 </dev/null >/dev/null 2>&1 &');
  const processes = recordedIn(yard);
  expect(processes.length).toBeGreaterThanOrEqual(3);
  process.kill(first.pid, 'SIGKILL');
  await until('all its processes to end', () => !processes.some(isAlive));
  const second = await yard.ensure();
  expect(second.pid).not.toBe(first.pid);
  expect((await ssh(second, 'web01', 'ps ax | grep -c "[s]leep 300"')).out).toBe('0\n');
});

whole('it ends by itself after the last job and the last connection, with all it made', async context => {
  const yard = await newYard(context);
  const fleet = await yard.ensure(12, 1);
  await ssh(fleet, 'web01', 'setsid sleep 3 </dev/null >/dev/null 2>&1 &');
  const processes = recordedIn(yard);
  const start = performance.now();
  await until('the folder to go', () => !existsSync(join(yard.stateDir, 'practice')));
  expect(performance.now() - start).toBeGreaterThan(3500); // the job held it longer than it lingers
  expect(processes.some(isAlive)).toBe(false);
  await until('the process to go', () => !existsSync(`/proc/${fleet.pid}/exe`));
});

whole('a stop ends it at once and says whether there was one', async context => {
  const yard = await newYard(context);
  const fleet = await yard.ensure();
  await ssh(fleet, 'web01', 'setsid sleep 300 </dev/null >/dev/null 2>&1 &');
  const processes = recordedIn(yard);
  expect(await stopPractice(yard.stateDir)).toBe(true);
  expect(processes.some(isAlive)).toBe(false);
  expect(readdirSync(yard.stateDir)).toEqual(['practice-main.mjs']);
  expect(await stopPractice(yard.stateDir)).toBe(false);
});

whole('the next fleet of a folder has its hosts where the last one had them', async context => {
  const yard = await newYard(context);
  const before = await yard.ensure();
  await stopPractice(yard.stateDir);
  const after = await yard.ensure();
  expect(after.pid).not.toBe(before.pid);
  // A port may be somebody else's by then, but not all of them.
  const same = after.hosts.filter(({ port }, index) => port === before.hosts[index]?.port);
  expect(same.length).toBeGreaterThan(before.hosts.length / 2);
});

whole('a process that cannot start is a failure with its last words, not a hang', async context => {
  const yard = await newYard(context);
  const result = await ensurePractice({
    stateDir: yard.stateDir,
    command: ['sh', '-c', 'echo no way; exit 1'],
  });
  expect(result).toMatchObject({ ok: false, failure: { cause: expect.stringContaining('no way') } });
});
