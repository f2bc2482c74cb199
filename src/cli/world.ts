// The only place that touches the process for the command line: who asks, from where, which clock, where words go.
import { homedir, hostname, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { Actor } from '../domain/event.ts';
import { safeText } from '../domain/safe-line.ts';
import type { Clock } from '../engine/ports.ts';
import { quoteWord } from '../modules/words.ts';
import { realClock } from './clock.ts';

/** The process as the verbs see it. */
export type World = {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly home: string;
  readonly uid: number | undefined;
  readonly user: string;
  readonly actor: Actor;
  readonly isTerminal: boolean;
  /** Somebody sits there who sees a question and can answer it, wherever the output goes. */
  readonly canAsk: boolean;
  readonly clock: Clock;
  /** To standard output. */
  readonly write: (text: string) => void;
  /** One sentence to standard error. */
  readonly say: (sentence: string) => void;
};

/** The world of this process. */
export const realWorld = (): World => {
  const { env } = process;
  const username = whoWeAre();
  return {
    env,
    cwd: process.cwd(),
    home: env['HOME'] ?? homedir(),
    uid: process.getuid?.(),
    user: username,
    actor: {
      user: username,
      machine: hostname(),
      ...(env['SUDO_USER'] !== undefined && { sudoUser: env['SUDO_USER'] }),
      ...(env['SSH_TTY'] !== undefined && { tty: env['SSH_TTY'] }),
      ...(env['SSH_CONNECTION'] !== undefined && { from: env['SSH_CONNECTION'] }),
    },
    isTerminal: process.stdin.isTTY === true && process.stdout.isTTY === true,
    canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
    clock: realClock,
    write: text => void process.stdout.write(text),
    // What people wrote is repeated in it, so nothing of it reaches the terminal raw.
    say: sentence => void process.stderr.write(`rollcall: ${safeText(sentence)}\n`),
  };
};

/** An account without an entry in passwd, as in a container, has its number for a name. */
const whoWeAre = (): string => {
  try {
    return userInfo().username;
  } catch {
    return process.env['USER'] || process.env['LOGNAME'] || `uid${process.getuid?.() ?? ''}`;
  }
};

/** How another command about the same runs is typed: with the `--state` that was given. */
export const commandIn =
  (named: string | undefined): ((words: string) => string) =>
  words =>
    `rollcall ${words}${named === undefined ? '' : ` --state ${quoteWord(named)}`}`;

/** `--state DIR`, or the XDG state folder. */
export const stateDirOf = ({ env, cwd, home }: World, named: string | undefined): string =>
  named === undefined ? join(env['XDG_STATE_HOME'] || join(home, '.local', 'state'), 'rollcall') : resolve(cwd, named);
