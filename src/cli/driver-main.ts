// The driver's process: takes the lease, opens the journal, composes the driver, listens, and ends when it is idle.
// Argument: one JSON object, made by reach.ts. It knows every folder and decides nothing.
import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Failure } from '../domain/failure.ts';
import { parseMirrorPlace } from '../domain/mirror-place.ts';
import { ok, type Result } from '../domain/result.ts';
import { Driver } from '../driver/driver.ts';
import { makeIdle } from '../driver/idle.ts';
import { fullExit, tellStartFailure } from '../driver/lifecycle.ts';
import { Keeper } from '../driver/secrets.ts';
import { serveDriver } from '../driver/server.ts';
import { nextEpoch, tryLease } from '../journal/lease.ts';
import { keepMirrors } from '../journal/mirror-thread.ts';
import { openJournal } from '../journal/open.ts';
import { readKnown, readOutput } from '../journal/read.ts';
import { ensureStateFolder } from '../journal/state-folder.ts';
import { makeLocalTransport } from '../local/transport.ts';
import { actionOf } from '../modules/catalogue.ts';
import { endResult, lookResult, startResult } from '../modules/job-result.ts';
import { makeOpensshTransport } from '../openssh/transport.ts';
import { makeKit } from '../play/kit.ts';
import { makeJobs } from '../remote/jobs.ts';
import type { Address } from '../remote/ports.ts';
import { makeSshTransport } from '../ssh/transport.ts';
import { realClock, uptime } from './clock.ts';
import { proveIn } from './colleagues.ts';
import { type DriverArguments, version } from './reach.ts';
import { eachItsWay } from './transports.ts';

/** How long a connection to a jump host is kept for the next host behind it, ms. */
const hopPersist = 5000;

/** How long a driver without anything to do stays, ms. */
const idleFor = 60_000;

const main = async (argument: string): Promise<void> => {
  const { stateDir, settings, timeouts, agentSocket: firstAgent, hold } = JSON.parse(argument) as DriverArguments;
  const need = <T>(result: Result<T>): T => (result.ok ? result.value : giveUp(stateDir, result.failure));
  const folder = need(ensureStateFolder(stateDir));
  const shared = folder.kind === 'shared' ? folder : undefined;
  // Whatever is made in a group's folder is the group's.
  if (shared !== undefined) process.umask(0o007);
  const lease = need(tryLease(stateDir));
  if (lease === 'taken') process.exit(0);
  const journal = need(
    await openJournal({ stateDir, workerUrl: new URL('../journal/worker.ts', import.meta.url), wall: realClock.wall, uptime }),
  );
  const heritage = need(await journal.resume());
  const notice = journal.notice();
  const epoch = nextEpoch(heritage.lastEpoch, realClock.wall());
  const driverId = randomBytes(16).toString('hex');
  const home = process.env['HOME'] ?? homedir();
  let agentSocket = firstAgent;
  const secrets = new Keeper({ realmOf: account => driver.realmOf(account), canAsk: () => driver.canAsk() });
  const ours = makeSshTransport({ timeouts, home, secrets, hopPersist, ...(process.getuid !== undefined && { uid: process.getuid() }) });
  const systems = makeOpensshTransport({ timeouts, env: process.env });
  const here = makeLocalTransport({ timeouts, home, env: process.env });
  const jobs = makeJobs({
    transport: eachItsWay({ ssh2: ours, openssh: systems, local: here }),
    identity: { line: heritage.line, epoch, driverId },
    nonce: () => randomBytes(8).toString('hex'),
    secrets,
    addressOf: ({ address }) => ({ ...(agentSocket !== undefined && { agentSocket }), ...(address as Address) }),
  });
  const end = async (code: number): Promise<never> => {
    // Closing would remove the socket of whoever drives the folder now.
    if (!lease.inPlace()) process.exit(code);
    driver.end();
    await server.close();
    await journal.close();
    await mirrors.close();
    lease.release();
    process.exit(code);
  };
  const mirrors = keepMirrors({
    stateDir,
    epoch,
    workerUrl: new URL('../journal/mirror-worker.ts', import.meta.url),
    ...(agentSocket !== undefined && { agentSocket }),
    onTrouble: trouble => driver.mirrorTrouble(trouble),
  });
  const keepMirror = (to: string | undefined): Result<void> => {
    const place = to === undefined ? ok(undefined) : parseMirrorPlace(to, known => known);
    if (!place.ok) return place;
    mirrors.keep(place.value);
    journal.rememberMirror(place.value?.text);
    return ok(undefined);
  };
  const takeAgent = (socket: string): void => {
    agentSocket = socket;
    mirrors.agent(socket);
  };
  const idle = makeIdle({ after: idleFor, clock: realClock, onIdle: () => void end(0) });
  let isBusy = false;
  const driver = new Driver({
    journal,
    jobs: { ...jobs, answering: secrets },
    secrets,
    clock: realClock,
    uptime,
    random: Math.random,
    kit: makeKit({ modules: { actionOf, startResult, lookResult, endResult }, output: async jid => bothStreams(stateDir, jid) }),
    settings,
    heritage,
    identity: { driver: driverId, epoch, pid: process.pid, version, stateDir, actor: { user: userInfo().username, machine: hostname() } },
    newRunId: () => randomBytes(16).toString('hex'),
    ...(hold !== undefined && { hold }),
    ...(notice !== undefined && { notice }),
    journalled: names => readKnown(stateDir, names),
    readOutput: (jid, stream, from, most) => readOutput(stateDir, jid, stream, from, most),
    keeping: journal,
    onStop: () => void setImmediate(() => void end(0)),
    onFenced: () => mirrors.keep(undefined),
    takeAgent,
    keepMirror,
    onBusy: busy => {
      if (busy === isBusy) return;
      isBusy = busy;
      if (busy) idle.busy();
      else idle.free();
    },
  });
  const onBug = (error: unknown): void => {
    appendFileSync(join(stateDir, 'driver.log'), `${new Date().toISOString()} ${error instanceof Error ? error.stack : String(error)}\n`);
  };
  process.on('uncaughtException', error => {
    onBug(error);
    process.exit(250);
  });
  process.on('unhandledRejection', error => {
    onBug(error);
    process.exit(250);
  });
  if (heritage.mirror !== undefined) keepMirror(heritage.mirror);
  // What cannot be written down cannot be begun with; whoever asked for a driver is told, and asks again.
  const unsubscribe = driver.subscribe(news => {
    if (news.kind === 'banner' && news.failure?.tag === 'disk-full-here') giveUp(stateDir, news.failure);
  });
  await driver.begin();
  unsubscribe();
  const server = need(
    await serveDriver({
      stateDir,
      lease,
      ...(shared !== undefined && { shared, prove: proveIn(stateDir) }),
      ...(process.env['XDG_RUNTIME_DIR'] !== undefined && { runtimeDir: process.env['XDG_RUNTIME_DIR'] }),
      onBug,
      driver: {
        handle: (ask, client) => driver.handle(ask, client),
        state: () => driver.state(),
        status: () => driver.status(),
        subscribe: listener => driver.subscribe(listener),
        banner: () => driver.banner(),
        questions: () => driver.questions(),
        clientCame: client => {
          // The agent of a session that has ended is of no use to anybody.
          const agent = client.hello.agentSocket;
          if (agent !== undefined && (agentSocket === undefined || !existsSync(agentSocket))) takeAgent(agent);
          driver.clientCame(client);
          idle.busy();
        },
        clientGone: client => {
          driver.clientGone(client);
          idle.free();
        },
      },
    }),
  );
  setInterval(() => {
    if (!lease.inPlace()) process.exit(1);
  }, placeEvery).unref();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(0));
  process.on('SIGHUP', () => {});
};

/** How often the driver looks whether its state folder is still there, ms. */
const placeEvery = 3000;

/** Most bytes of one stream that a registered result holds. */
const mostRegistered = 1 << 20;

const bothStreams = (stateDir: string, jid: Parameters<typeof readOutput>[1]): { out: Uint8Array; err: Uint8Array } => {
  const bytesOf = (stream: 'out' | 'err'): Uint8Array => {
    const piece = readOutput(stateDir, jid, stream, -mostRegistered, mostRegistered);
    return piece.ok ? piece.value.bytes : new Uint8Array(0);
  };
  return { out: bytesOf('out'), err: bytesOf('err') };
};

const giveUp = (stateDir: string, failure: Failure): never => {
  tellStartFailure(stateDir, failure);
  process.exit(failure.tag === 'disk-full-here' ? fullExit : 1);
};

await main(process.argv[2] ?? '{}');
