// The only place where practice hosts are sets of namespaces that run a real /bin/sh. One first process per host;
// each command enters with nsenter. It must not know SSH, nor what the acting programs say.
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { asNobody, bareEnvironment } from './as-nobody.ts';
import type { Call, Executor, Machine } from './executor.ts';
import { practiceUser } from './fleet.ts';
import { firstLine, type Ground, groundFolder, layGround } from './ground.ts';
import { childrenOf, record, sendKill } from './processes.ts';

/**
 * An executor whose machines are namespaces.
 * @throws Error with the reason where namespaces can't be had
 */
export const namespaceExecutor = async (processesPath: string): Promise<Executor> => {
  const ground = await layGround(processesPath);
  const machines: NamespaceMachine[] = [];
  return {
    mode: 'namespaces',
    machine: (name, onPowerLost) => {
      const machine = new NamespaceMachine(name, ground, processesPath, onPowerLost);
      machines.push(machine);
      return machine;
    },
    close: async () => {
      await Promise.all(machines.map(machine => machine.close()));
      ground.end();
      await ground.ended;
    },
  };
};

type Running = {
  /** The first process of the host, by its number out here. */
  readonly firstPid: number;
  /** Its parent, which ends with it. */
  readonly holder: ChildProcess;
};

/** One host: off until its first command, then on until somebody ends its first process. */
class NamespaceMachine implements Machine {
  readonly #name: string;
  readonly #ground: Ground;
  readonly #processesPath: string;
  readonly #onPowerLost: () => void;
  #power: Promise<Running> | undefined;
  #running: Running | undefined;
  #commands = 0;

  constructor(name: string, ground: Ground, processesPath: string, onPowerLost: () => void) {
    this.#name = name;
    this.#ground = ground;
    this.#processesPath = processesPath;
    this.#onPowerLost = onPowerLost;
  }

  run(call: Call): void {
    this.#power ??= this.#boot();
    this.#commands += 1;
    const over = () => {
      this.#commands -= 1;
      call.close();
    };
    this.#power.then(
      running => (call.gone.aborted ? over() : runInside(running.firstPid, call, over)),
      (error: Error) => {
        call.stderr.write(`practice: ${this.#name} does not boot: ${error.message}\n`);
        call.ended({ code: 255 });
        over();
      },
    );
  }

  busy(): boolean {
    if (this.#running === undefined) return false;
    return this.#commands > 0 || childrenOf(this.#running.firstPid).some(pid => !isSleepOfFirst(pid));
  }

  cutPower(): void {
    if (this.#running !== undefined) sendKill(this.#running.firstPid);
  }

  /** Ends it for good; resolves when its processes have gone. */
  async close(): Promise<void> {
    const running = await this.#power?.catch(() => undefined);
    if (running === undefined || running.holder.exitCode !== null || running.holder.signalCode !== null) return;
    const ended = new Promise<void>(resolve => running.holder.once('exit', () => resolve()));
    sendKill(running.firstPid);
    await ended;
  }

  async #boot(): Promise<Running> {
    await bootLanes.enter();
    try {
      const running = await bootHost(this.#name, this.#ground, this.#processesPath);
      this.#running = running;
      const off = () => {
        this.#running = undefined;
        this.#power = undefined;
        this.#onPowerLost();
      };
      if (running.holder.exitCode !== null || running.holder.signalCode !== null) off();
      else running.holder.once('exit', off);
      return running;
    } catch (error) {
      this.#power = undefined; // the next command tries again
      throw error;
    } finally {
      bootLanes.leave();
    }
  }
}

/** Homes are made at the first boot and stay with the ground; everything else is new at each boot. */
const bootCommand = `
home=${groundFolder}/$1
if [ ! -d "$home" ]; then
  mkdir "$home"
  mount -t tmpfs -o size=64m,mode=755,nosuid,nodev home "$home"
  mkdir -m 700 "$home/ops" "$home/root"
fi
exec unshare --user --map-root-user --mount --uts --ipc --net --pid --fork --kill-child=KILL \
  /bin/sh ${groundFolder}/boot.sh "$1"`;

const bootHost = async (name: string, ground: Ground, processesPath: string): Promise<Running> => {
  const enterGround = ['-t', String(ground.pid), '-U', '--preserve-credentials', '-m'];
  const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'nsenter', ...enterGround, '/bin/sh', '-c', bootCommand, 'boot', name], {
    ...asNobody(),
    cwd: '/',
    env: bareEnvironment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const firstPid = Number(await firstLine(holder, 'up', 20_000));
  record(processesPath, firstPid);
  return { firstPid, holder };
};

/** Few at a time: a hundred hosts booting at once would each be slower than the last of a queue. */
const bootLanes = {
  free: 4,
  waiting: [] as (() => void)[],
  async enter(): Promise<void> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>(resolve => this.waiting.push(resolve));
  },
  leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free += 1;
    else next();
  },
};

/** The whole environment of a command, as after a login that sets nothing else. */
const insideEnvironment = {
  HOME: `/home/${practiceUser}`,
  USER: practiceUser,
  LOGNAME: practiceUser,
  SHELL: '/bin/sh',
  LANG: 'C.UTF-8',
  PATH: '/opt/practice/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
};

/**
 * Runs before the command, in the same shell: the limits (dash says -p where bash says -u), so that a fork bomb stays
 * small, and the home folder. The rest of the text is the command, untouched.
 */
const preamble = 'ulimit -p 512 2>/dev/null || ulimit -u 512; ulimit -v 4194304; cd; unset OLDPWD\n';

const privilegesOff = ['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs'];

const runInside = (firstPid: number, call: Call, over: () => void): void => {
  const enter = ['-t', String(firstPid), '-U', '--preserve-credentials', '-m', '-u', '-i', '-n', '-p'];
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(
    'nsenter',
    [...enter, '/usr/bin/setpriv', ...privilegesOff, '/bin/sh', '-c', preamble + call.command],
    { ...asNobody(), cwd: '/', env: insideEnvironment, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {}); // the other side closed
  call.stdin.pipe(child.stdin);
  child.stdin.once('close', () => call.stdin.resume()); // nobody reads any more: let it run dry
  child.stdout.pipe(call.stdout, { end: false });
  child.stderr.pipe(call.stderr, { end: false });
  call.gone.addEventListener('abort', () => {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  });
  child.once('error', error => {
    call.stderr.write(`practice: ${error.message}\n`);
    call.ended({ code: 255 });
    over();
  });
  child.once('exit', (code, signal) => call.ended(signal === null ? { code: code ?? 255 } : { signal }));
  child.once('close', over);
};

/** The first process keeps one long sleep to wait for; see boot.sh. A process without a command line is dead. */
const isSleepOfFirst = (pid: number): boolean => {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return line === '' || line === 'sleep\x002147483\x00';
  } catch {
    return true;
  }
};
