// The only place that gets a link to the driver of a state folder for a verb, starting one where there is none.
import { fileURLToPath } from 'node:url';
import type { Result } from '../domain/result.ts';
import type { Hold } from '../driver/driver.ts';
import { keepLink } from '../driver/keep-link.ts';
import { reachDriver } from '../driver/lifecycle.ts';
import { type Hello, type Link, protocolVersion } from '../driver/protocol.ts';
import type { EngineSettings } from '../engine/desk.ts';
import { ensureStateFolder } from '../journal/state-folder.ts';
import type { Timeouts } from '../remote/ports.ts';
import type { World } from './world.ts';

/** Of package.json. */
export const version = '0.1.0';

/** What a driver's process is told. */
export type DriverArguments = {
  readonly stateDir: string;
  readonly settings: EngineSettings;
  readonly timeouts: Timeouts;
  readonly hold?: Hold;
  /** SSH_AUTH_SOCK of the client that starts it: what was left over is gone on with before any client says a word. */
  readonly agentSocket?: string;
};

/** What flags say about a driver that has to be started; one that lives keeps its own. */
export type DriverWish = {
  readonly forks?: number;
  /** Seconds. */
  readonly persist?: number;
  readonly startRate?: number;
  readonly handshakes?: number;
  /** Nothing new starts, of this run or (`all`) of any: for the driver that is started now, not for one that replaces it later. */
  readonly hold?: { readonly run: string } | 'all';
};

const driverArguments = (stateDir: string, wish: DriverWish, agentSocket: string | undefined): DriverArguments => ({
  stateDir,
  ...(agentSocket !== undefined && { agentSocket }),
  settings: {
    forks: wish.forks ?? 25,
    handshakes: wish.handshakes ?? 8,
    persist: (wish.persist ?? 20) * 1000,
    linger: 150,
    startRate: wish.startRate ?? 20,
    // A jump host carries every byte of those behind it.
    jumpRate: (wish.startRate ?? 20) / 2,
    lookBytes: 256 * 1024,
  },
  timeouts: usualTimeouts,
});

/** Where nobody said anything of it for a host. */
export const usualTimeouts: Timeouts = { connect: 10_000, handshake: 15_000, reply: 30_000 };

/** Kept: when the driver is killed, another is started and the link goes on with its snapshot. */
export const reach = async (
  world: World,
  stateDir: string,
  client: Hello['client'],
  wish: DriverWish = {},
  asks?: Hello['asks'],
): Promise<Result<Link>> => {
  const folder = ensureStateFolder(stateDir);
  if (!folder.ok) return folder;
  const hello: Hello = {
    hello: protocolVersion,
    actor: world.actor,
    client,
    wants: 'state',
    ...(asks !== undefined && { asks }),
    ...(world.env['SSH_AUTH_SOCK'] !== undefined && { agentSocket: world.env['SSH_AUTH_SOCK'] }),
  };
  const main = fileURLToPath(new URL('./driver-main.ts', import.meta.url));
  const plain = driverArguments(stateDir, wish, world.env['SSH_AUTH_SOCK']);
  let hold: Hold | undefined = wish.hold && { by: world.actor, ...(wish.hold !== 'all' && wish.hold) };
  let drives: string | undefined = world.user;
  return keepLink({
    reach: async owns => {
      const told = JSON.stringify({ ...plain, ...(hold !== undefined && { hold }) } satisfies DriverArguments);
      const command = [process.execPath, '--disable-warning=ExperimentalWarning', main, told] as const;
      const link = await reachDriver({
        stateDir,
        ...(folder.value.kind === 'shared' && { shared: folder.value }),
        hello: { ...hello, owns },
        spawn: { command, env: withoutSecrets(world.env) },
      });
      if (link.ok && link.value.status.user !== undefined && link.value.status.user !== drives) tellWhoDrives(world, link.value.status);
      if (link.ok) drives = link.value.status.user ?? drives;
      if (link.ok) hold = undefined;
      return link;
    },
  });
};

/** In a group's folder hosts may be reached with somebody else's keys. */
const tellWhoDrives = (world: World, { user, pid }: Link['status']): void => {
  if (toldOf === pid) return;
  toldOf = pid;
  world.say(
    user === world.user
      ? 'the driver is ours from now on: hosts are reached with our keys'
      : `the driver (pid ${pid}) is ${user}'s: hosts are reached with the keys and known_hosts of ${user}`,
  );
};

/** A command may reach for its driver several times. */
let toldOf: number | undefined;

/** A driver outlives its client by hours: what only the client's session means stays out of it. */
const withoutSecrets = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    ['HOME', 'PATH', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TZ', 'XDG_STATE_HOME', 'XDG_RUNTIME_DIR', 'TMPDIR'].flatMap(name =>
      env[name] === undefined ? [] : [[name, env[name]]],
    ),
  ),
  NODE_ENV: 'production',
});
