// The only place that says what a job on a host needs from a wire: the Transport port.
// ssh, openssh, local and the practice fleet fit themselves to it; nothing here knows ssh2.
import type { Result } from '../domain/result.ts';
import type { Hops } from '../engine/ports.ts';

/** Everything needed to reach one host: its inventory name and what its variables say. */
export type Address = {
  /** Inventory name; two names never share a connection. */
  readonly name: string;
  /** `ansible_host`, or the name. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** `ansible_ssh_private_key_file` and `-o IdentityFile`, in order, absolute; empty: agent and default keys. */
  readonly identityFiles: readonly string[];
  /** `-o UserKnownHostsFile`, absolute; empty: the user's default. */
  readonly knownHostsFiles: readonly string[];
  /** `GlobalKnownHostsFile`, absolute; read after the user's own, never written to. Absent: the system's. */
  readonly globalKnownHostsFiles?: readonly string[];
  /** Names that are added to known_hosts are hashed. */
  readonly hashKnownHosts?: boolean;
  /** `yes` never asks about an unknown key, `ask` asks where somebody can be asked. A changed key is nobody's to accept. */
  readonly strictHostKeyChecking: 'yes' | 'ask' | 'accept-new' | 'no';
  /** Path of the agent's socket: what ssh_config says, else from the client that asked for the run. Empty: ask none. */
  readonly agentSocket?: string;
  /** Offer no other key of the agent than those named. */
  readonly identitiesOnly?: boolean;
  /** Ways to log in, best first, without those that are switched off; the names are SSH's. Absent: OpenSSH's own order. */
  readonly preferredAuthentications?: readonly string[];
  /** Only addresses of this version of IP. */
  readonly addressFamily?: 4 | 6;
  /** From which of this machine's addresses, or interfaces, the connection is made. */
  readonly bindAddress?: string;
  readonly bindInterface?: string;
  /** Algorithms to agree on, in ssh_config's own words: a list, or a change behind `+`, `-` or `^`. Absent: ours. */
  readonly algorithms?: Readonly<Partial<Record<'ciphers' | 'hostkeyalgorithms' | 'kexalgorithms' | 'macs', string>>>;
  /** Time for the connect, for the handshake after it, and for one command to end, seconds. Absent: ours. */
  readonly connectTimeout?: number;
  readonly handshakeTimeout?: number;
  readonly replyTimeout?: number;
  /** A sign of life is asked for `every` so many seconds, and `times` go without an answer. 0 asks for none. Absent: ours. */
  readonly serverAlive?: { readonly every: number; readonly times: number };
  /** Goes with each command, as far as the host accepts it. Nothing secret. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The name that known_hosts has for it. */
  readonly hostKeyAlias?: string;
  /** Jump hosts on the way, in the order of passing. */
  readonly via?: readonly Address[];
  /** What ssh would go through, in ssh_config's words, where that is no jump host; only ssh itself can. */
  readonly jump?: string;
  /** It is this machine: no wire is needed. */
  readonly local?: true;
  /** What its variables ask for that we cannot do: it is not connected to, since the command would run as another, or elsewhere. */
  readonly unsupported?: string;
  /** How the system's ssh is asked for it, where only that can reach it: arguments, and the host as ssh_config knows it. */
  readonly system?: {
    readonly args: readonly string[];
    readonly host: string;
    /** What only the system's ssh can do; absent where it was asked for. */
    readonly why?: string;
  };
};

/** Bounds of a connection's life, all in milliseconds. */
export type Timeouts = {
  readonly connect: number;
  readonly handshake: number;
  /** Time for one exec to end. */
  readonly reply: number;
};

/** What was said for this address, else the usual. */
export const timeoutsOf = (address: Pick<Address, 'connectTimeout' | 'handshakeTimeout' | 'replyTimeout'>, usual: Timeouts): Timeouts => ({
  connect: (address.connectTimeout ?? 0) * 1000 || usual.connect,
  handshake: (address.handshakeTimeout ?? 0) * 1000 || usual.handshake,
  reply: (address.replyTimeout ?? 0) * 1000 || usual.reply,
});

/** What one remote command left behind. `code` is absent when the link or a signal ended it. */
export type ExecReply = {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly code: number | undefined;
  readonly signal: string | undefined;
};

/** What is sent only when the command asks for it: a password. */
export type Question = {
  /** Standard output that asks. */
  readonly mark: string;
  /** What is said then; nothing: the command's input ends. Called once at most. */
  readonly answer: () => Uint8Array | undefined;
};

/** Reads standard output until it asks, then answers once. */
export const listenFor = ({ mark, answer }: Question, say: (answer: Uint8Array) => void): ((chunk: Uint8Array) => void) => {
  let heard: string | undefined = '';
  return chunk => {
    if (heard === undefined) return;
    heard += Buffer.from(chunk).toString('latin1');
    if (!heard.includes(mark)) return;
    heard = undefined;
    say(answer() ?? new Uint8Array());
  };
};

/** An open connection to one host. Only its owner closes it. */
export type Connection = {
  /**
   * Runs a command (one string, as sshd gives it to the login shell), feeds it `stdin` whole and ends it; where it may ask, after the answer.
   * @failure connection-lost, reply-timeout, channel-refused
   */
  exec(command: string, stdin: Uint8Array, question?: Question): Promise<Result<ExecReply>>;
  /** Asks the socket to close; {@link closed} tells when it has. Safe to call twice. */
  close(): void;
  /** Settles when the socket has closed, whoever closed it; never rejects. */
  readonly closed: Promise<void>;
};

/** A way to reach hosts. It never retries: retries belong to the engine, where they are visible events. */
export type Transport = {
  /**
   * Opens one connection. When it fails, nothing stays open.
   * @failure any tag of the stages connect, handshake and login
   */
  connect(address: Address): Promise<Result<Connection>>;
  /** Absent: no connection is shared. */
  readonly hops?: SharedHops;
};

/** {@link Hops} by address. */
export type SharedHops = Omit<Hops, 'of'> & { of(address: Address): readonly string[] };
