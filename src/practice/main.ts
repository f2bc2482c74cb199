// The practice fleet's own process: takes the lock, cleans up after a killed predecessor, opens the hosts, listens to
// its control socket, and ends itself some time after the last job and the last connection. Started by client.ts.
import { appendFileSync, chmodSync, mkdirSync, realpathSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { ParsedKey } from 'ssh2';
import { castOf, smallestFleet } from './cast.ts';
import { chooseExecutor } from './choose-executor.ts';
import { controlPath, type Reply, type Request } from './control.ts';
import type { Executor } from './executor.ts';
import { fleetFiles, groupsOf, type PracticeFleet, practiceFolder, practiceUser, writeFleetFiles } from './fleet.ts';
import { type Host, openHost } from './host.ts';
import { makeKeyPair } from './keys.ts';
import { takeLock } from './lock.ts';
import { endAll, recorded } from './processes.ts';

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      state: { type: 'string' },
      hosts: { type: 'string', default: String(smallestFleet) },
      linger: { type: 'string', default: '60' },
    },
  });
  if (values.state === undefined) throw new Error('--state DIR is missing');
  mkdirSync(practiceFolder(values.state), { recursive: true, mode: 0o700 });
  const folder = realpathSync(practiceFolder(values.state));
  const lock = await takeLock(folder);
  if (lock === undefined) return log('another practice process lives in this folder; it will do');
  await new Practice(folder, Number(values.linger) * 1000).start(Number(values.hosts));
};

class Practice {
  readonly #folder: string;
  readonly #linger: number;
  readonly #files: ReturnType<typeof fleetFiles>;
  readonly #hosts: Host[] = [];
  readonly #clients = new Set<net.Socket>();
  readonly #control = net.createServer(socket => this.#listenTo(socket));
  #executor: Executor | undefined;
  #clientKey: ParsedKey | undefined;
  #growing: Promise<unknown> = Promise.resolve();
  #quietSince = Date.now();
  #ending = false;

  constructor(folder: string, linger: number) {
    this.#folder = folder;
    this.#linger = linger;
    this.#files = fleetFiles(folder);
  }

  async start(hosts: number): Promise<void> {
    endAll(recorded(this.#files.processesPath));
    this.#removeFiles();
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => void this.end());
    const key = makeKeyPair();
    writeFileSync(this.#files.privateKeyPath, key.privateText, { mode: 0o600 });
    this.#clientKey = key.parsed;
    this.#executor = await chooseExecutor(this.#files.processesPath, process.env['ROLLCALL_PRACTICE_MODE']);
    await this.#ensure(hosts);
    await this.#openControl();
    setInterval(() => this.#tick(), Math.min(1000, Math.max(50, this.#linger / 4)));
    log(`ready: ${this.#hosts.length} hosts, ${this.#executor.mode}${this.#executor.why === undefined ? '' : `: ${this.#executor.why}`}`);
  }

  /** Ends everything this process made, and itself. */
  async end(): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    for (const host of this.#hosts) host.close();
    this.#control.close();
    await this.#executor?.close();
    this.#removeFiles();
    try {
      rmdirSync(this.#folder);
    } catch {
      // somebody else keeps something in it
    }
    process.exit(0);
  }

  /** Adds what is missing to have so many hosts. One at a time, so that two clients never add the same ones. */
  #ensure(count: number): Promise<PracticeFleet> {
    const grown = this.#growing.then(async () => {
      const missing = castOf(count).slice(this.#hosts.length);
      for (const role of missing) this.#hosts.push(await openHost(role, this.#executor!, this.#clientKey!, this.#folder));
      const fleet = this.#describe();
      if (missing.length > 0) writeFleetFiles(fleet, new Map(this.#hosts.map(host => [host.role.name, host.publicKey])));
      return fleet;
    });
    this.#growing = grown.catch(() => {});
    return grown;
  }

  #describe(): PracticeFleet {
    const { mode, why } = this.#executor!;
    return {
      mode,
      ...(why === undefined ? {} : { why }),
      hosts: this.#hosts.map(({ role, port }) => ({ name: role.name, port, groups: groupsOf(role.group), character: role.character })),
      privateKeyPath: this.#files.privateKeyPath,
      knownHostsPath: this.#files.knownHostsPath,
      inventoryPath: this.#files.inventoryPath,
      user: practiceUser,
      pid: process.pid,
    };
  }

  async #openControl(): Promise<void> {
    const { socket, shortFolder } = controlPath(this.#folder);
    if (shortFolder !== undefined) mkdirSync(shortFolder, { recursive: true, mode: 0o700 });
    await new Promise<void>((resolve, reject) => {
      this.#control.once('error', reject);
      this.#control.listen(socket, resolve);
    });
    chmodSync(socket, 0o600);
  }

  #listenTo(socket: net.Socket): void {
    this.#clients.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#clients.delete(socket));
    createInterface({ input: socket }).on('line', line => {
      const answer = (reply: Reply) => socket.write(`${JSON.stringify(reply)}\n`);
      this.#answer(line).then(answer, (error: Error) => answer({ reply: 'refused', cause: error.message }));
    });
  }

  async #answer(line: string): Promise<Reply> {
    const request = JSON.parse(line) as Request;
    if (this.#ending) return { reply: 'refused', cause: 'the practice fleet is ending' };
    switch (request.verb) {
      case 'ensure':
        return { reply: 'fleet', fleet: await this.#ensure(request.hosts) };
      case 'describe':
        return { reply: 'fleet', fleet: this.#describe() };
      case 'stop':
        setImmediate(() => void this.end());
        return { reply: 'stopping' };
      default:
        return { reply: 'refused', cause: `unknown verb in ${line.slice(0, 80)}` };
    }
  }

  #tick(): void {
    const now = Date.now();
    for (const host of this.#hosts) host.tick(now);
    const used = this.#clients.size > 0 || this.#hosts.some(host => host.connections() > 0 || host.busy());
    if (used) this.#quietSince = now;
    else if (now - this.#quietSince >= this.#linger) void this.end();
  }

  #removeFiles(): void {
    const { socket, shortFolder } = controlPath(this.#folder);
    const { logPath, ...made } = this.#files;
    for (const path of [...Object.values(made), socket]) rmSync(path, { force: true });
    if (this.#ending) rmSync(logPath, { force: true });
    if (this.#ending && shortFolder !== undefined) rmSync(shortFolder, { recursive: true, force: true });
  }
}

const log = (text: string): void => {
  appendFileSync(1, `${new Date().toISOString()} ${text}\n`);
};

main().catch((error: Error) => {
  log(error.stack ?? '');
  log(error.message); // the last line is what the client shows
  process.exit(1);
});
