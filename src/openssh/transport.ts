// Transport over this machine's own ssh, for what ours cannot do: certificates, tokens, a ProxyCommand of any kind.
// One ssh holds the connection (its master), each command goes through it; nothing asks on our terminal (BatchMode).
// @see ssh_config(5), ControlMaster and LocalCommand
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure } from '../domain/failure.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import {
  type Address,
  type Connection,
  type ExecReply,
  listenFor,
  type Question,
  type Timeouts,
  type Transport,
  timeoutsOf,
} from '../remote/ports.ts';
import { connectFailure, lastWords, noSsh } from './words.ts';

/** What the transport must be told about this machine. */
export type OpensshOptions = {
  readonly timeouts: Timeouts;
  /** Environment of ssh; nothing secret. */
  readonly env: NodeJS.ProcessEnv;
  /** More arguments for every ssh, for tests. */
  readonly args?: readonly string[];
  /** Most bytes of standard output of one exec. */
  readonly stdoutMax?: number;
};

/** What the master says once it is logged in. */
const readyWord = 'rollcall-ready';

/**
 * Said by a shell that the master starts, which also ends the master when our end of its standard input goes: whatever
 * becomes of us, no connection stays that nobody counts, and no folder. The shell of the account may be any, so it only makes room.
 */
const localCommand = `exec /bin/sh -c 'exec 3<&0; echo ${readyWord}; (read -r line <&3; kill $PPID; sleep 1; rmdir "$ROLLCALL_SOCKETS") >/dev/null 2>&1 &'`;

/** Longest path of a socket, with what ssh hangs on to its name while it makes it. */
const longestSocket = 104 - 18;

/** Time for a master to say farewell, ms. */
const farewell = 2000;

const habits = [
  ...['-o', 'BatchMode=yes', '-o', 'RequestTTY=no', '-o', 'RemoteCommand=none', '-o', 'ClearAllForwardings=yes', '-o', 'ForwardX11=no'],
  ...['-o', 'ControlPersist=no', '-o', 'EscapeChar=none'],
];

/** Where nobody says anything of it: every so many seconds, so many times without an answer. */
const usualAlive = { every: 15, times: 3 };

/** Where the master is gone, ssh would make a connection of its own that nobody counts. */
const onlyThroughMaster = ['-o', 'ControlMaster=no', '-o', 'ProxyCommand=false'];

/** A transport over `ssh`; addresses must say how ssh is to be asked ({@link Address.system}). */
export const makeOpensshTransport = ({ timeouts: usual, env, args = [], stdoutMax = 16 * 1024 * 1024 }: OpensshOptions): Transport => ({
  connect: async address => {
    const timeouts = timeoutsOf(address, usual);
    const fails = (tag: Failure['tag'], cause: string, facts?: Failure['facts']): Failure => ({
      ...{ tag, host: address.name, cause },
      ...(facts !== undefined && { facts }),
    });
    const folder = mkdtempSync(join(roomFor(env), 'rollcall-ssh-'));
    const control = ['-o', `ControlPath="${join(folder, 's').replaceAll('%', '%%')}"`];
    // Without a terminal, and without a program that would ask in its place, nobody is ever asked: not by a jump host's ssh either.
    const { SSH_ASKPASS: _, DISPLAY: __, ...quiet } = env;
    const surroundings = {
      ...quiet,
      LC_ALL: 'C',
      SSH_ASKPASS_REQUIRE: 'never',
      ROLLCALL_SOCKETS: folder,
      ...(address.agentSocket !== undefined && { SSH_AUTH_SOCK: address.agentSocket }),
    };
    const { every, times } = address.serverAlive ?? usualAlive;
    const alive = ['-o', `ServerAliveInterval=${every}`, '-o', `ServerAliveCountMax=${times}`];
    const ssh = (more: readonly string[]): ChildProcess =>
      spawn('ssh', [...habits, ...alive, ...args, ...control, ...more], {
        env: surroundings,
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
      });
    const master = ssh([
      ...['-o', 'ControlMaster=yes', '-o', `ConnectTimeout=${Math.ceil(timeouts.connect / 1000)}`],
      ...['-o', 'PermitLocalCommand=yes', '-o', `LocalCommand=${localCommand}`, '-N', '-T'],
      ...askedOf(address),
    ]);
    let said = '';
    let isOver = false;
    master.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
    });
    master.stdin?.on('error', () => undefined);
    const closed = new Promise<void>(resolve => {
      const over = (): void => {
        isOver = true;
        rmSync(folder, { recursive: true, force: true });
        resolve();
      };
      master.once('error', error => {
        const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
        said = isMissing ? noSsh : `ssh: ${error.message}`;
        over();
      });
      master.once('close', over);
    });
    const ready = new Promise<boolean>(resolve => {
      let heard = '';
      master.stdout?.on('data', (chunk: Buffer) => {
        heard = (heard + chunk.toString()).slice(-4000);
        if (heard.includes(readyWord)) resolve(true);
      });
      void closed.then(() => resolve(false));
    });
    let isLate = false;
    const patience = timeouts.connect + timeouts.handshake;
    const timer = setTimeout(() => {
      isLate = true;
      master.kill();
    }, patience);
    const isReady = await ready;
    clearTimeout(timer);
    if (!isReady) {
      await closed;
      const within = patience / 1000;
      return fail(
        isLate ? fails('handshake-timeout', `ssh did not log in within ${within} s: ${lastWords(said)}`) : connectFailure(said, fails),
      );
    }
    const lost = (): Result<never> => fail(fails('connection-lost', lastWords(said) || 'ssh ended'));
    const close = (): void => {
      if (isOver) return;
      master.kill();
      const late = setTimeout(() => master.kill('SIGKILL'), farewell);
      void closed.then(() => clearTimeout(late));
    };
    return ok({
      closed,
      close,
      exec: async (command, stdin, question) => {
        if (isOver) return lost();
        const reply = await run(ssh([...onlyThroughMaster, '-T', ...askedOf(address), command]), stdin, {
          patience: timeouts.reply,
          most: stdoutMax,
          ...(question !== undefined && { question }),
        });
        if (reply === 'late') {
          close();
          return fail(fails('reply-timeout', `no end within ${timeouts.reply / 1000} s`));
        }
        if (reply === 'flooded') {
          close();
          return fail(fails('reply-garbled', `it sent more than ${stdoutMax} bytes`));
        }
        // 255 may be the command's or ssh's own; only a link that broke leaves nothing behind.
        if (reply.code === 255 && reply.stdout.length === 0) {
          // The one that speaks for a command may hear of the end before the one that holds the connection does.
          await Promise.race([closed, new Promise(resolve => setTimeout(resolve, farewell))]);
          return brokenBy(reply, isOver, lost, fails);
        }
        return ok(reply);
      },
    } satisfies Connection);
  },
});

/** The folder in which a socket's path is short enough; only we may look into what is made there. */
const roomFor = (env: NodeJS.ProcessEnv): string =>
  [tmpdir(), env['XDG_RUNTIME_DIR'] ?? '/tmp'].find(
    base => join(base, 'rollcall-ssh-XXXXXX', 's').length <= longestSocket && !/["\\]/.test(base),
  ) ?? '/tmp';

/** Where, as whom, with which keys; the host last, behind `--`. */
const askedOf = ({ system }: Address): string[] => [...(system?.args ?? []), '--', system?.host ?? ''];

const brokenBy = (
  reply: ExecReply,
  isOver: boolean,
  lost: () => Result<never>,
  fails: (tag: Failure['tag'], cause: string) => Failure,
): Result<ExecReply> => {
  const words = Buffer.from(reply.stderr).toString();
  if (/Session open refused|channel \d+: open failed|mux_client/i.test(words)) return fail(fails('channel-refused', lastWords(words)));
  return isOver || /closed|reset|Broken pipe|Control (?:socket|master)/i.test(words) ? lost() : ok(reply);
};

type Bounds = { readonly patience: number; readonly most: number; readonly question?: Question };

const run = (child: ChildProcess, stdin: Uint8Array, { patience, most, question }: Bounds): Promise<ExecReply | 'late' | 'flooded'> =>
  new Promise(resolve => {
    const stdout: Buffer[] = [];
    let size = 0;
    let stderr = Buffer.alloc(0);
    const give = (answer: 'late' | 'flooded'): void => {
      child.kill();
      resolve(answer);
    };
    const timer = setTimeout(() => give('late'), patience);
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > most) return give('flooded');
      stdout.push(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = Buffer.concat([stderr, chunk]).subarray(-65_536);
    });
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      clearTimeout(timer);
      resolve({ stdout: Buffer.concat(stdout), stderr, code: code ?? undefined, signal: signal ?? undefined });
    };
    child.once('error', () => end(255, null));
    child.once('close', end);
    child.stdin?.on('error', () => undefined);
    if (question === undefined) return void child.stdin?.end(stdin);
    child.stdin?.write(stdin);
    child.stdout?.on(
      'data',
      listenFor(question, answer => child.stdin?.end(answer)),
    );
  });
