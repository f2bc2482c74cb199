// The only place for the wire of the fault worlds: a Transport between one driver's process and the acting hosts, on which
// everything of cells.ts happens to bytes and connections. It counts what is open, as a kernel would.
import type { FailureTag } from '../../src/domain/failure.ts';
import { fail, ok, type Result } from '../../src/domain/result.ts';
import type { Address, Connection, ExecReply, Transport } from '../../src/remote/ports.ts';
import type { ActingHost, Death, Said } from './acting-host.ts';
import { connectFaults, connectPhases, wireFaults } from './cells.ts';
import type { Fate, Struck } from './fate.ts';
import type { Time } from './time.ts';

/** What the wire needs to know of the process at its end. */
export type Process = {
  readonly isDead: () => boolean;
  /** Calls back into the process: at once, when it wakes up, or never. */
  deliver(act: () => void): void;
  /** The process may die here; true when it did. */
  mayDie(phase: string): boolean;
  /** It will die when it comes there. */
  willDie(phase: string): boolean;
  die(): void;
  opened(): void;
  closed(): void;
  /** Told before a connection is tried, and how it failed. */
  onConnect(host: string): void;
  onConnectFailed(host: string, tag: FailureTag): void;
  tell(line: string): void;
};

export type WireParts = {
  readonly time: Time;
  readonly fate: Fate;
  readonly hosts: ReadonlyMap<string, ActingHost>;
  readonly process: Process;
  readonly random: () => number;
  /** Whether anything was ever executed on the host. */
  readonly wasReached: (host: string) => boolean;
};

/** Patience, ms: as the program has it unless it is told otherwise. */
const patience = { connect: 10_000, handshake: 15_000, reply: 30_000 } as const;

const never = (): Promise<never> => new Promise(() => {});

type Outcome = Result<ExecReply> | 'unheard';

export const makeWire = (parts: WireParts): Transport => ({
  connect: async address => {
    const { process } = parts;
    if (process.isDead()) return never();
    process.onConnect(address.name);
    process.opened();
    if (process.mayDie('while connecting')) return never();
    return new Promise(resolve => {
      void shake(parts, address).then(failed =>
        process.deliver(() => {
          process.tell(`${address.name}: ${failed ?? 'line open'}`);
          if (failed === undefined) return resolve(ok(connectionTo(parts, address)));
          process.closed();
          process.onConnectFailed(address.name, failed);
          resolve(fail({ tag: failed, host: address.name, cause: 'so it happened' }));
        }),
      );
    });
  },
});

/** Resolves with the failure of a handshake, or with nothing. */
const shake = async ({ time, fate, hosts, random, wasReached }: WireParts, { name }: Address): Promise<FailureTag | undefined> => {
  const host = hosts.get(name) as ActingHost;
  const struck = fate.reach(connectFaults, connectPhases[wasReached(name) ? 1 : 0]);
  await time.pause(4 + random() * 20);
  if (host.isDown) {
    await time.pause(patience.connect);
    return 'connect-timeout';
  }
  switch (struck?.fault) {
    case 'connection refused':
      return 'refused';
    case 'connect timed out':
      await time.pause(patience.connect);
      return 'connect-timeout';
    case 'dropped before the banner':
      return 'dropped-in-handshake';
    case 'dropped before the login':
      await time.pause(20);
      return 'dropped-in-handshake';
    case 'handshake half-open':
      await time.pause(patience.handshake);
      return 'handshake-timeout';
    case 'host key changed':
      return 'host-key-changed';
    case 'login refused':
      await time.pause(300);
      return 'login-refused';
    default:
      return undefined;
  }
};

const connectionTo = (parts: WireParts, { name }: Address): Connection => {
  const { process, time } = parts;
  const host = parts.hosts.get(name) as ActingHost;
  const boots = host.boots;
  let state: 'open' | 'lost' | 'closed' = 'open';
  let end = (): void => {};
  const closed = new Promise<void>(resolve => {
    end = () =>
      process.deliver(() => {
        process.closed();
        process.tell(`${name}: line closed`);
        resolve();
      });
  });
  const over = (how: 'lost' | 'closed'): void => {
    if (state !== 'open') return;
    state = how;
    time.after(how === 'lost' ? 0 : 3, end);
  };
  const talk: Talk = { parts, host, isStale: () => host.boots !== boots, lose: () => over('lost') };
  return {
    closed,
    close: () => over('closed'),
    exec: (command, stdin) => {
      if (process.isDead()) return never();
      if (state === 'closed') throw new Error(`${name}: a line was used after it was let go`);
      if (state === 'lost') return Promise.resolve(lost);
      return new Promise((resolve, reject) => {
        exec(talk, command, stdin).then(outcome => {
          if (outcome !== 'unheard') process.deliver(() => resolve(outcome));
        }, reject);
      });
    },
  };
};

type Talk = {
  readonly parts: WireParts;
  readonly host: ActingHost;
  /** The host has booted since: it knows nothing of this connection. */
  readonly isStale: () => boolean;
  readonly lose: () => void;
};

const lost: Result<ExecReply> = fail({ tag: 'connection-lost', cause: 'so it happened' });

const reply = (stdout: Uint8Array, status: 'told' | 'lost' = 'told'): Result<ExecReply> =>
  ok({ stdout, stderr: new Uint8Array(0), code: status === 'told' ? 0 : undefined, signal: undefined });

const phaseOf = (command: string): string => {
  const [, kind = '', along] = /' rollcall (\w+) [0-9a-f]+ [0-9a-f]+( \d+)?$/.exec(command) ?? [];
  return kind === 'start' && along !== undefined ? 'install' : kind;
};

const exec = async (talk: Talk, command: string, stdin: Uint8Array): Promise<Outcome> => {
  const { parts, host } = talk;
  const { time, fate, process, random } = parts;
  const phase = phaseOf(command);
  const isStart = phase === 'start' || phase === 'install';
  if (isStart && process.mayDie('before a start is sent')) return 'unheard';
  const [inTheMiddle, atTheEnd] = isStart
    ? [process.mayDie('within a start'), !process.isDead() && process.mayDie('after a start was sent')]
    : [false, (phase === 'look' || phase === 'cancel') && process.mayDie(`after a ${phase} was sent`)];
  const diesAtTheReply = isStart && !process.isDead() && process.willDie('within the reply to a start');
  const struck = process.isDead() ? undefined : fate.reach(wireFaults, phase);
  if (isStart && fate.reach(['disk there is full'], 'at a start') !== undefined) fill(host, time);
  if (phase === 'cancel' && fate.reach(['disk there is full'], 'at a cancel') !== undefined) fill(host, time);
  const where = isStart ? 'at a start' : 'at a look';
  if ((isStart || phase === 'look') && fate.reach(['runner there is gone'], where) !== undefined) host.loseRunner();
  await time.pause(2 + random() * 10);
  if (host.isDown) return outOfPatience(talk);
  if (talk.isStale()) return lose(talk);
  if (inTheMiddle) {
    host.hear(command, stdin.subarray(0, Math.floor(random() * stdin.length)));
    return 'unheard';
  }
  if (atTheEnd) {
    host.hear(command, stdin);
    return 'unheard';
  }
  if (struck !== undefined) {
    process.tell(`${host.name}: ${phase}: ${struck.fault} (${struck.dice.toFixed(3)})`);
    return strike(talk, struck, command, stdin);
  }
  const said = host.hear(command, stdin) as Said;
  const reboots = isStart ? fate.reach(['host reboots'], 'while a start is answered') : undefined;
  if (reboots !== undefined) {
    host.reboot(20_000);
    return reboots.dice < 0.5 ? outOfPatience(talk) : lose(talk);
  }
  const bytes = await answerOf(talk, said);
  if (diesAtTheReply) {
    process.die();
    return 'unheard';
  }
  return bytes;
};

const fill = (host: ActingHost, time: Time): void => {
  host.disk = 'full';
  time.after(45_000, () => {
    host.disk = 'ok';
  });
};

/** The whole answer, when the host has thought about it. */
const answerOf = async (talk: Talk, said: Said): Promise<Result<ExecReply>> => {
  const { time, random } = talk.parts;
  await time.pause(said.after);
  if (talk.host.isDown) return outOfPatience(talk);
  const bytes = said.bytes();
  await time.pause(1 + random() * 8);
  return reply(bytes);
};

const outOfPatience = async (talk: Talk): Promise<Result<ExecReply>> => {
  await talk.parts.time.pause(patience.reply);
  talk.lose();
  return fail({ tag: 'reply-timeout', cause: 'no end within 30 s' });
};

const lose = (talk: Talk): Result<ExecReply> => {
  talk.lose();
  return lost;
};

/** What becomes of one request and its reply. `dice` says where. */
const strike = async (talk: Talk, { fault, dice }: Struck, command: string, stdin: Uint8Array): Promise<Result<ExecReply>> => {
  const { host, parts } = talk;
  const { time } = parts;
  const cut = (bytes: Uint8Array, from = 0): Uint8Array => bytes.subarray(0, from + Math.floor(dice * (bytes.length - from)));
  switch (fault) {
    case 'request lost':
      return lose(talk);
    case 'request cut':
      host.hear(command, cut(stdin));
      return lose(talk);
    case 'request cut and said':
      return answerOf(talk, host.hear(command, cut(stdin)) as Said);
    case 'request late':
      time.after(200 + dice * dice * 90_000, () => {
        if (!host.isDown && !talk.isStale()) host.hear(command, stdin);
      });
      return lose(talk);
    case 'request doubled': {
      const [first, second] = [host.hear(command, stdin) as Said, host.hear(command, stdin) as Said];
      return answerOf(talk, dice < 0.5 ? first : second);
    }
    case 'session refused':
      return fail({ tag: 'channel-refused', cause: 'so it happened' });
    case 'session killed': {
      const deaths: readonly Death[] = ['before the claim', 'after the claim', 'before the answer', 'before the answer'];
      host.hear(command, stdin, deaths[Math.floor(dice * deaths.length)]);
      return lost;
    }
    case 'link half-open':
      if (dice < 0.5) host.hear(command, stdin);
      return outOfPatience(talk);
    default:
      return strikeReply(talk, { fault, dice }, await answerOf(talk, host.hear(command, stdin) as Said));
  }
};

const strikeReply = async (talk: Talk, { fault, dice }: Struck, whole: Result<ExecReply>): Promise<Result<ExecReply>> => {
  if (!whole.ok) return whole;
  const bytes = Buffer.from(whole.value.stdout);
  const at = Math.floor(dice * (bytes.length + 1));
  switch (fault) {
    case 'reply lost':
      return lose(talk);
    case 'reply cut':
      talk.lose();
      return reply(bytes.subarray(0, at), 'lost');
    case 'reply truncated':
      // Its first line is empty, its second the mark.
      return reply(bytes.subarray(0, Math.max(at, bytes.indexOf('\n', 1) + 1)));
    case 'reply garbled':
      return reply(Buffer.concat([bytes.subarray(0, at), Buffer.from('\x07?'), bytes.subarray(at)]));
    case 'reply behind noise':
      return reply(Buffer.concat([Buffer.from('Last login: today\nA 00 1\nZ 00\nno newline'), bytes]));
    case 'reply delayed':
      await talk.parts.time.pause(dice * (patience.reply - 1000));
      return whole;
    default:
      throw new Error(`nobody knows how to play: ${fault}`);
  }
};
