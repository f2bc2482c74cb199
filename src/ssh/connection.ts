// The only place that runs commands over an open link: bounded output, bounded time, one end for each.
// It knows neither how the link was made nor what the commands mean.
import type { ClientChannel } from 'ssh2';
import { fail, ok, type Result } from '../domain/result.ts';
import type { Connection, ExecReply, Question } from '../remote/ports.ts';
import { listenFor } from '../remote/ports.ts';
import type { Fails } from './failures.ts';
import type { Link } from './handshake.ts';

/** Bounds of one connection. */
export type ConnectionLimits = {
  /** Time for one exec to end, ms. */
  readonly reply: number;
  /** Time for a polite farewell, ms; then the socket is destroyed. */
  readonly farewell: number;
  /** Most bytes of standard output of one exec. */
  readonly stdout: number;
  /** Goes with each command, as far as the host accepts it. */
  readonly environment: Readonly<Record<string, string>>;
};

/** Standard error keeps its end only: that is where the reason stands. */
const STDERR_KEPT = 64 * 1024;

/** Wraps a link that is logged in. */
export const makeConnection = (link: Link, limits: ConnectionLimits, fails: Fails): Connection => {
  const pending = new Set<() => void>();
  let closing = false;

  void link.closed.then(() => {
    for (const lose of [...pending]) lose();
  });
  const lost = () => fail(fails('connection-lost', link.cause() ?? (closing ? 'it was closed here' : 'the host closed it')));

  return {
    closed: link.closed,
    close: () => {
      if (closing || link.isOver()) return;
      closing = true;
      link.client.end();
      const timer = setTimeout(() => link.cut('it did not close in time'), limits.farewell);
      void link.closed.then(() => clearTimeout(timer));
    },
    exec: (command, stdin, question) => {
      if (closing || link.isOver()) return Promise.resolve(lost());
      return new Promise<Result<ExecReply>>(resolve => {
        const settle = (result: Result<ExecReply>): void => {
          clearTimeout(timer);
          pending.delete(lose);
          resolve(result);
        };
        const lose = (): void => settle(lost());
        const cutOff = (result: Result<ExecReply>, cause: string): void => {
          settle(result);
          link.cut(cause);
        };
        const timer = setTimeout(
          () => cutOff(fail(fails('reply-timeout', `no end within ${limits.reply / 1000} s`)), 'a reply took too long'),
          limits.reply,
        );
        pending.add(lose);
        try {
          link.client.exec(command, { env: limits.environment }, (error, channel) => {
            if (error !== undefined) return settle(link.isOver() ? lost() : fail(fails('channel-refused', error.message)));
            speak(channel, stdin, question);
            collect(channel, limits.stdout, {
              ended: reply => settle(ok(reply)),
              cut: lose,
              flooded: () => {
                const cause = `it sent more than ${limits.stdout} bytes`;
                cutOff(fail(fails('reply-garbled', cause)), cause);
              },
            });
          });
        } catch {
          // ssh2 throws "Not connected" between the socket's end and its close.
          lose();
        }
      });
    },
  };
};

type Outcome = {
  readonly ended: (reply: ExecReply) => void;
  /** The channel closed without an exit status. */
  readonly cut: () => void;
  readonly flooded: () => void;
};

/** Reads both streams to their end: ssh2 closes a channel only when both were read. */
const collect = (channel: ClientChannel, stdoutMax: number, outcome: Outcome): void => {
  const stdout: Buffer[] = [];
  let stdoutSize = 0;
  let stderr: Buffer[] = [];
  let stderrSize = 0;
  let exit: { code: number | undefined; signal: string | undefined } | undefined;
  let open = 2;
  let flooded = false;

  const closed = (): void => {
    if (--open > 0 || flooded) return;
    if (exit === undefined) outcome.cut();
    else outcome.ended({ stdout: Buffer.concat(stdout, stdoutSize), stderr: Buffer.concat(stderr).subarray(-STDERR_KEPT), ...exit });
  };
  channel.on('data', (chunk: Buffer) => {
    if (flooded) return;
    stdoutSize += chunk.length;
    stdout.push(chunk);
    if (stdoutSize <= stdoutMax) return;
    flooded = true;
    stdout.length = 0;
    outcome.flooded();
  });
  channel.stderr.on('data', (chunk: Buffer) => {
    stderrSize += chunk.length;
    stderr.push(chunk);
    if (stderrSize < 2 * STDERR_KEPT) return;
    const kept = Buffer.concat(stderr).subarray(-STDERR_KEPT);
    stderr = [kept];
    stderrSize = kept.length;
  });
  channel.on('exit', (code: number | null, signal?: string) => {
    exit = { code: code ?? undefined, signal };
  });
  channel.once('close', closed);
  channel.stderr.once('end', closed);
  // A command that ended before it read its input is no failure of the link.
  channel.on('error', () => undefined);
  channel.stderr.on('error', () => undefined);
};

/** Says all there is to say; an answer only when it is asked for. */
const speak = (channel: ClientChannel, stdin: Uint8Array, question: Question | undefined): void => {
  if (question === undefined) return void channel.end(stdin);
  channel.write(stdin);
  const listen = listenFor(question, answer => channel.end(answer));
  channel.on('data', listen);
};
