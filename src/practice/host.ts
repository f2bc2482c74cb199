// The only place for one practice host on the wire: a real SSH server on one port of 127.0.0.1 that admits one key,
// and the host's ways (slow, refusing, dropping, rebooting, down). What runs behind it is the machine's business.
import net from 'node:net';
import { type Readable, Transform } from 'node:stream';
import type { AuthContext, Connection, ParsedKey, PublicKeyAuthContext, ServerChannel } from 'ssh2';
import ssh2 from 'ssh2';
import type { Role } from './cast.ts';
import type { Call, Ending, Executor, Machine } from './executor.ts';
import { type Cut, cutter, type Random, seeded, seedOf, slowness, untilReboot } from './faults.ts';
import { practiceUser } from './fleet.ts';
import { makeKeyPair } from './keys.ts';

/** A practice host that listens (or refuses, if that is its way). */
export type Host = {
  readonly role: Role;
  readonly port: number;
  /** In the form of known_hosts: type and base64. */
  readonly publicKey: string;
  readonly connections: () => number;
  readonly busy: () => boolean;
  /** Looks whether it is time for the reboot that belongs to its character; called about each second. */
  readonly tick: (now: number) => void;
  readonly close: () => void;
};

/** Milliseconds a host stays down when it reboots. */
export const downTime = 8000;

/** A job that lasted this long (milliseconds) is what a rebooting host waits for. */
const longJob = 3000;

/**
 * Opens a host on a port of 127.0.0.1 and keeps that port while the host lives, also over its reboots. In the same
 * folder a host of the same name gets the same port where that is free, so that a run outlives its fleet.
 */
export const openHost = async (role: Role, executor: Executor, clientKey: ParsedKey, folder: string): Promise<Host> => {
  const keys = makeKeyPair();
  const wire = new Wire(role, executor, clientKey, keys.privateText);
  const port = await wire.open(20_000 + (seedOf(`${folder} ${role.name}`) % 10_000));
  return {
    role,
    port,
    publicKey: keys.publicText,
    connections: () => wire.sockets.size,
    busy: () => wire.machine.busy(),
    tick: now => wire.tick(now),
    close: () => wire.close(),
  };
};

class Wire {
  readonly machine: Machine;
  readonly sockets = new Set<net.Socket>();
  readonly #role: Role;
  readonly #clientKey: ParsedKey;
  readonly #ssh: ssh2.Server;
  readonly #random: Random;
  readonly #nextCut: () => Cut | undefined;
  #listener: net.Server | undefined;
  #port = 0;
  #comingUp: NodeJS.Timeout | undefined;
  #closed = false;
  #reboot: 'waits for a job' | { readonly busySince: number; readonly at: number } | 'done';

  constructor(role: Role, executor: Executor, clientKey: ParsedKey, hostKey: string) {
    this.#role = role;
    this.#clientKey = clientKey;
    this.#random = seeded(seedOf(role.name));
    this.#nextCut = role.character === 'dropping' ? cutter(this.#random) : () => undefined;
    this.#reboot = role.character === 'rebooting' ? 'waits for a job' : 'done';
    this.machine = executor.machine(role.name, () => this.#goDown());
    this.#ssh = new ssh2.Server({ hostKeys: [hostKey], ident: 'Rollcall_practice' });
    this.#ssh.on('connection', (connection: Connection, info) => this.#greet(connection, this.#socketOf(info.port)));
  }

  /** Listens; a refusing host gives its port back at once, so that it is known and closed. */
  async open(wished: number): Promise<number> {
    this.#port = wished;
    await this.#listen().catch(() => {
      this.#port = 0;
      return this.#listen();
    });
    if (this.#role.character === 'refusing') this.#stopListening();
    return this.#port;
  }

  tick(now: number): void {
    if (this.#reboot === 'done') return;
    if (!this.machine.busy()) {
      this.#reboot = 'waits for a job';
    } else if (this.#reboot === 'waits for a job') {
      this.#reboot = { busySince: now, at: now + Math.max(longJob, untilReboot(this.#random)) };
    } else if (now >= this.#reboot.at) {
      this.#reboot = 'done';
      this.machine.cutPower();
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#comingUp);
    this.#stopListening();
  }

  #listen(): Promise<void> {
    const listener = net.createServer({ noDelay: true }, socket => this.#admit(socket));
    this.#listener = listener;
    return new Promise((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(this.#port, '127.0.0.1', () => {
        this.#port = (listener.address() as net.AddressInfo).port;
        resolve();
      });
    });
  }

  /** As a host without power: nobody listens, and whoever was connected hears it at once. */
  #stopListening(): void {
    this.#listener?.close();
    this.#listener = undefined;
    for (const socket of this.sockets) socket.destroy();
  }

  #goDown(): void {
    if (this.#closed || this.#listener === undefined) return;
    this.#stopListening();
    this.#comingUp = setTimeout(() => this.#comeUp(), downTime);
  }

  /** Somebody may have taken the port meanwhile: then it stays down a little longer. */
  #comeUp(): void {
    this.#listen().catch(() => {
      this.#listener = undefined;
      if (!this.#closed) this.#comingUp = setTimeout(() => this.#comeUp(), 1000);
    });
  }

  #admit(socket: net.Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => {}); // a link may break at any time; its close says all
    socket.once('close', () => this.sockets.delete(socket));
    if (this.#role.character !== 'slow') this.#ssh.injectSocket(socket);
    else setTimeout(() => !socket.destroyed && this.#ssh.injectSocket(socket), slowness(this.#random));
  }

  #socketOf(port: number): net.Socket | undefined {
    return [...this.sockets].find(socket => socket.remotePort === port);
  }

  #greet(connection: Connection, socket: net.Socket | undefined): void {
    const gone = new AbortController();
    connection.on('error', () => socket?.destroy());
    connection.on('close', () => gone.abort());
    connection.on('authentication', context => decide(context, this.#clientKey));
    // Without a listener ssh2 refuses: forwarding, subsystems, terminals, environment, signals.
    connection.on('session', accept => {
      const session = accept();
      session.on('exec', (acceptExec, _reject, { command }) => {
        // Accepted at once, so that input which some clients send right behind the request has a place to wait in.
        const channel = acceptExec();
        const serve = () => !gone.signal.aborted && this.#serve(command, channel, gone.signal, socket);
        if (this.#role.character === 'slow') setTimeout(serve, slowness(this.#random));
        else serve();
      });
      session.on('shell', acceptShell => sayNoShell(acceptShell()));
    });
  }

  #serve(command: string, channel: ServerChannel, gone: AbortSignal, socket: net.Socket | undefined): void {
    const cut = this.#nextCut();
    const drop = () => socket?.destroySoon();
    if (cut?.at === 'request') {
      drop();
      return;
    }
    const stdin = cut?.at === 'input' ? channel.pipe(new CutAfter(cut.bytes, drop)) : channel;
    const stdout = cut?.at === 'output' ? new CutAfter(cut.bytes, drop) : channel;
    if (stdout !== channel) stdout.pipe(channel, { end: false });
    this.machine.run(callOn(channel, { command, stdin, stdout, gone }));
  }
}

/** Only our user with our key, and only after it has proved to hold it. */
const decide = (context: AuthContext, clientKey: ParsedKey): void => {
  if (context.method === 'publickey' && context.username === practiceUser && holdsKey(context, clientKey)) context.accept();
  else context.reject(['publickey']);
};

/** The first request only asks whether the key would do; the second one carries the proof. */
const holdsKey = (context: PublicKeyAuthContext, clientKey: ParsedKey): boolean => {
  if (!clientKey.getPublicSSH().equals(context.key.data)) return false;
  if (context.signature === undefined || context.blob === undefined) return true;
  return clientKey.verify(context.blob, context.signature, context.hashAlgo) === true;
};

const sayNoShell = (channel: ServerChannel): void => {
  channel.stderr.write('A practice host runs single commands, as in: ssh HOST uptime. There is no shell to log in to.\r\n');
  channel.exit(1);
  channel.end();
};

/** Fits a channel of ssh2 to what a machine reads and writes. A dead channel must not be written to. */
const callOn = (
  channel: ServerChannel,
  parts: { readonly command: string; readonly stdin: Readable; readonly stdout: Call['stdout']; readonly gone: AbortSignal },
): Call => {
  channel.on('error', () => {});
  return {
    ...parts,
    stderr: channel.stderr,
    ended: how => {
      if (!parts.gone.aborted) tellEnding(channel, how);
    },
    close: () => {
      if (!parts.gone.aborted) channel.end();
    },
  };
};

const tellEnding = (channel: ServerChannel, how: Ending): void => {
  if ('code' in how) channel.exit(how.code);
  else channel.exit(how.signal.replace(/^SIG/, ''), false, '');
};

/** Lets so many bytes pass, then calls `cut` and swallows the rest. */
class CutAfter extends Transform {
  #left: number;
  readonly #cut: () => void;

  constructor(bytes: number, cut: () => void) {
    super();
    this.#left = bytes;
    this.#cut = cut;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#left >= 0) this.push(chunk.subarray(0, this.#left));
    this.#left -= chunk.length;
    if (this.#left < 0) setImmediate(this.#cut);
    done();
  }
}
