// The only place that starts a real OpenSSH server for tests: private, on loopback, as the current user, in a folder of its own.
// It counts connections on the server's side (the kernel's table), so that a test need not believe the client.
// It must not know anything of Rollcall: what it serves is plain sshd.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type EtcOptions, type MadeUser, makePrivateEtc, type TestUser } from './test-user.ts';

/** What a test may ask of its server. */
export type SshdOptions = {
  /** One more port per name, each with a HOME of its own; see {@link Sshd.alias}. Without it all names share one port and HOME. */
  readonly aliases?: readonly string[];
  /** Lines of sshd_config that win over ours, such as `MaxSessions 1`. */
  readonly config?: readonly string[];
  /** Environment of every session, through SetEnv; HOME is set by us. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Accounts that only this server has, with passwords (by PAM), sudo, and the key of {@link Sshd.keyPath}; ask testUsersAvailable() first. */
  readonly users?: readonly TestUser[];
  readonly etc?: EtcOptions;
};

/** One way in: a port with its HOME. */
export type SshdAlias = { readonly port: number; readonly home: string };

/** Peak and sum of what the server saw since the watch began. */
export type ConnectionWatch = {
  /** Most connections that were established at one time: never too many, and too few only where one lived less than a sample (3 ms). */
  peak(): number;
  /** Connections that sshd accepted, by its log. */
  accepted(): number;
  stop(): void;
};

/** A running server. Always `stop()` it, in `afterAll` or `finally`. */
export type Sshd = {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: string;
  /** Private key of the only admitted client, ed25519, without passphrase. */
  readonly keyPath: string;
  readonly knownHostsPath: string;
  /** Holds everything of this server, and the HOMEs; removed by {@link Sshd.stop}. */
  readonly dir: string;
  /** HOME of sessions on {@link Sshd.port}. */
  readonly home: string;
  alias(name: string): SshdAlias;
  /** An account of the options, with its home and uid. */
  account(name: string): MadeUser;
  /** Ansible inventory (YAML): every name stands for this server; aliases of the options get their own port. */
  inventory(names: readonly string[]): string;
  pid(): number;
  /** sshd's log so far, level VERBOSE. */
  log(): string;
  /** Connections established now, seen from the server's side: the client's FIN ends one, whatever sshd still tidies up. */
  connectionsOpen(): number;
  watchConnections(): ConnectionWatch;
  /** Kills the session processes, as a cut cable or a crash would; the listener stays. */
  dropConnections(): void;
  /** Ends listener and sessions: connections are refused. */
  down(): Promise<void>;
  /** Listens again on the same ports with the same keys. */
  up(): Promise<void>;
  restart(): Promise<void>;
  /** Ends this server, its sessions, its folder; what sessions detached is not touched. */
  stop(): Promise<void>;
};

const BINARY = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd', '/usr/local/bin/sshd', '/opt/homebrew/sbin/sshd'].find(
  existsSync,
);
const SAMPLE_MS = 3;
const START_WITHIN_MS = 10_000;

/**
 * Whether this machine has an sshd.
 * @throws Error where ROLLCALL_REQUIRE_SSHD=1 says that it must: CI may not skip.
 */
export function sshdAvailable(): boolean {
  if (BINARY !== undefined) return true;
  if (process.env['ROLLCALL_REQUIRE_SSHD'] === '1')
    throw new Error('ROLLCALL_REQUIRE_SSHD=1, but there is no sshd: install openssh-server');
  return false;
}

/**
 * Starts a server and returns when it answers.
 * @throws Error with sshd's log when it does not come up within 10 s.
 */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  if (BINARY === undefined) throw new Error('no sshd here: ask sshdAvailable() first');
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-sshd-'));
  try {
    const names = options.aliases ?? [];
    const [port, ...rest] = await freePorts(names.length + 1);
    if (port === undefined) throw new Error('no free port');
    const aliases = new Map(names.map((name, at) => [name, { port: rest[at] ?? port, home: makeHome(dir, `home-${name}`) }]));
    const main: SshdAlias = { port, home: makeHome(dir, 'home') };
    const etc = options.users === undefined ? undefined : makePrivateEtc(dir, options.users, options.etc);
    const keys = writeKeys(dir, [main, ...aliases.values()]);
    writeFileSync(join(dir, 'sshd_config'), serverConfig(dir, main, aliases, options, etc?.users ?? []));
    const ports = new Set([main, ...aliases.values()].map(alias => alias.port));
    let daemon = await launch(dir, port, etc?.enter);

    const stopDaemon = async (): Promise<void> => {
      const sessions = childrenOf(daemon);
      await end(daemon);
      for (const pid of sessions) killQuietly(pid);
    };
    const knownAlias = (name: string): SshdAlias => {
      const alias = aliases.get(name);
      if (alias === undefined) throw new Error(`no alias ${name}: name it in the options`);
      return alias;
    };
    return {
      host: '127.0.0.1',
      port,
      user: userInfo().username,
      ...keys,
      dir,
      home: main.home,
      alias: knownAlias,
      account: name => {
        const user = etc?.users.find(made => made.name === name);
        if (user === undefined) throw new Error(`no account ${name}: name it in the options`);
        return user;
      },
      inventory: hosts =>
        inventoryText(
          hosts.map(name => ({ name, port: (aliases.get(name) ?? main).port })),
          keys,
        ),
      pid: () => daemon.pid ?? -1,
      log: () => readLog(dir),
      connectionsOpen: () => openBetween(established(ports), established(ports)),
      watchConnections: () => watch(dir, ports),
      dropConnections: () => {
        for (const pid of childrenOf(daemon)) killQuietly(pid);
      },
      down: stopDaemon,
      up: async () => {
        daemon = await launch(dir, port, etc?.enter);
      },
      restart: async () => {
        await stopDaemon();
        daemon = await launch(dir, port, etc?.enter);
      },
      stop: async () => {
        await stopDaemon();
        rmSync(dir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}

/** sshd cannot listen on port 0, so ports are found, let go, and taken; `launch` says so when one was snatched meanwhile. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map(server => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
  return ports;
}

function makeHome(dir: string, name: string): string {
  const home = join(dir, name);
  mkdirSync(home, { mode: 0o700 });
  return home;
}

function writeKeys(dir: string, ways: readonly SshdAlias[]): { keyPath: string; knownHostsPath: string } {
  const keyPath = join(dir, 'client_key');
  const hostKey = join(dir, 'host_key');
  for (const path of [keyPath, hostKey]) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'rollcall-test', '-f', path]);
  // Read by sshd as the user who logs in, who may be another than this process's.
  writeFileSync(join(dir, 'authorized_keys'), readFileSync(`${keyPath}.pub`), { mode: 0o644 });
  const knownHostsPath = join(dir, 'known_hosts');
  const [type, blob] = readFileSync(`${hostKey}.pub`, 'utf8').split(' ');
  writeFileSync(knownHostsPath, ways.map(way => `[127.0.0.1]:${way.port} ${type} ${blob}\n`).join(''));
  return { keyPath, knownHostsPath };
}

/** The first value of a keyword wins in sshd_config, so the test's own lines come first; a Match block replaces SetEnv as a whole. */
function serverConfig(
  dir: string,
  main: SshdAlias,
  aliases: ReadonlyMap<string, SshdAlias>,
  options: SshdOptions,
  users: readonly MadeUser[],
): string {
  const setEnv = (home: string) =>
    `SetEnv ${Object.entries({ ...options.environment, HOME: home })
      .map(([name, value]) => `"${name}=${value}"`)
      .join(' ')}`;
  const lines = [
    ...(options.config ?? []),
    ...[main, ...aliases.values()].map(way => `ListenAddress 127.0.0.1:${way.port}`),
    `HostKey ${join(dir, 'host_key')}`,
    `AuthorizedKeysFile ${join(dir, 'authorized_keys')}`,
    'PidFile none',
    `UsePAM ${users.length > 0 ? 'yes' : 'no'}`,
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    `PasswordAuthentication ${users.length > 0 ? 'yes' : 'no'}`,
    'KbdInteractiveAuthentication no',
    'UseDNS no',
    'PrintMotd no',
    'PrintLastLog no',
    'LogLevel VERBOSE',
    // Of this one the last value wins in older versions.
    ...(options.config?.some(line => line.startsWith('MaxStartups ')) ? [] : ['MaxStartups 200']),
    ...(serverVersion() >= 9.8 ? ['PerSourcePenalties no'] : []),
    setEnv(main.home),
    ...users.flatMap(({ name, home }) => [`Match User ${name}`, `  ${setEnv(home)}`]),
    ...[...aliases.values()].flatMap(way => [`Match LocalPort ${way.port}`, `  ${setEnv(way.home)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Known or not, `-V` makes every sshd name its version on stderr. */
function serverVersion(): number {
  const told = spawnSync(BINARY ?? 'sshd', ['-V'], { encoding: 'utf8' }).stderr;
  return Number(/OpenSSH_(\d+\.\d+)/.exec(told)?.[1] ?? 0);
}

async function launch(dir: string, port: number, enter: readonly string[] = []): Promise<ChildProcess> {
  // Run by root, sshd insists on this folder, which the system's own service would make.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const server = [BINARY ?? 'sshd', '-D', '-e', '-f', join(dir, 'sshd_config'), '-E', join(dir, 'log')];
  // Where the kernel can, the server dies with its test run, so that an aborted run leaves nothing behind.
  const guard = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'TERM', '--'] : [];
  const [command = '', ...args] = [...guard, ...enter, ...server];
  const before = readLog(dir).length;
  const daemon = spawn(command, args, { stdio: 'ignore' });
  const deadline = Date.now() + START_WITHIN_MS;
  while (!readLog(dir).slice(before).includes(`Server listening on 127.0.0.1 port ${port}.`)) {
    if (daemon.exitCode !== null || Date.now() > deadline) {
      daemon.kill('SIGKILL');
      throw new Error(`sshd did not start (exit ${daemon.exitCode}):\n${readLog(dir)}`);
    }
    await delay(5);
  }
  return daemon;
}

function readLog(dir: string): string {
  const path = join(dir, 'log');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const gone = new Promise(resolve => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  await gone;
}

/** Session processes are the listener's children; read at the moment of use, so none can be somebody else's. */
function childrenOf(daemon: ChildProcess): number[] {
  const path = `/proc/${daemon.pid}/task/${daemon.pid}/children`;
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number);
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It had ended by itself.
  }
}

/**
 * Client addresses of the established connections (state 01 of the kernel's table, the local side being the server's port).
 * @see https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt
 */
function established(ports: ReadonlySet<number>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, local = '', client = '', state] = line.trim().split(/\s+/);
    if (state === '01' && ports.has(Number.parseInt(local.split(':')[1] ?? '', 16))) found.add(client);
  }
  return found;
}

/** The table is read in pieces while it changes; what stands in two readings was open, all of it, in the moment between them. */
const openBetween = (earlier: ReadonlySet<string>, later: ReadonlySet<string>): number =>
  [...later].filter(client => earlier.has(client)).length;

function watch(dir: string, ports: ReadonlySet<number>): ConnectionWatch {
  const seenBefore = acceptedIn(readLog(dir));
  let peak = 0;
  let last = established(ports);
  const sample = (): number => {
    const now = established(ports);
    peak = Math.max(peak, openBetween(last, now));
    last = now;
    return peak;
  };
  // A handshake takes tens of milliseconds, so a connection too many cannot slip between the samples.
  const timer = setInterval(sample, SAMPLE_MS).unref();
  return {
    peak: sample,
    accepted: () => acceptedIn(readLog(dir)) - seenBefore,
    stop: () => clearInterval(timer),
  };
}

const acceptedIn = (log: string): number => log.match(/^Connection from /gm)?.length ?? 0;

function inventoryText(hosts: readonly { name: string; port: number }[], keys: { keyPath: string; knownHostsPath: string }): string {
  return [
    'all:',
    '  vars:',
    '    ansible_host: 127.0.0.1',
    `    ansible_user: ${userInfo().username}`,
    `    ansible_ssh_private_key_file: ${keys.keyPath}`,
    `    ansible_ssh_common_args: -o UserKnownHostsFile=${keys.knownHostsPath} -o StrictHostKeyChecking=yes`,
    '  hosts:',
    ...hosts.flatMap(host => [`    ${host.name}:`, `      ansible_port: ${host.port}`]),
    '',
  ].join('\n');
}
