// The only place for the bytes of a request: what the host's login shell is given as a command, and what follows on stdin.
// Pure functions; runner.sh reads what is written here, replies.ts reads what it answers.
import { createHash } from 'node:crypto';
import type { Become } from '../domain/become.ts';
import type { Jid, JobAbout } from '../domain/job.ts';
import { parseJid } from '../domain/job.ts';
import { safeText } from '../domain/safe-line.ts';
import type { LookRequest, StartRequest } from '../engine/ports.ts';
import type { Runner } from './runner-text.ts';

/** Who starts: a host refuses an older epoch of the same line. */
export type Identity = {
  /** 32 hexadecimal digits, made with the state folder. */
  readonly line: string;
  /** Milliseconds; grows with each driver of the line. */
  readonly epoch: number;
  /** 32 hexadecimal digits, the driver's own. */
  readonly driverId: string;
};

/** What can be asked of a runner. */
export type Request =
  /** `as`: whether it may try to become another without a password, or is only laid ready for one. */
  | { readonly kind: 'start'; readonly start: StartRequest; readonly by: Identity; readonly most: number; readonly as?: 'now' | 'later' }
  /** Launches what was laid ready, with a password that is asked for by {@link passwordMark}. */
  | { readonly kind: 'become'; readonly start: StartRequest; readonly by: Identity; readonly most: number }
  | PlainRequest;

type PlainRequest =
  | { readonly kind: 'look'; readonly jobs: readonly LookRequest[] }
  | { readonly kind: 'list' }
  | { readonly kind: 'cancel'; readonly jid: Jid; readonly grace: number }
  | { readonly kind: 'extend'; readonly jid: Jid; readonly limit: number }
  | { readonly kind: 'clean'; readonly jids: readonly Jid[] };

/** A request ready for the wire. */
export type Frame = { readonly command: string; readonly stdin: Uint8Array };

/**
 * The small form: runs the runner that the host keeps, or answers `need`. Somebody else's is not run.
 * The command holds no newline, backslash, `!` or inner single quote, so that sh, csh and fish read it alike.
 */
export const encodeRequest = (request: Request, nonce: string, runner: Runner): Frame => ({
  command:
    `exec /bin/sh -c 'test -O "$HOME/.rollcall/bin/runner-$3.sh" && exec /bin/sh "$HOME/.rollcall/bin/runner-$3.sh" "$@"; ` +
    `echo; echo "A $2 1"; echo "E need"; echo "Z $2"' rollcall ${request.kind} ${nonce} ${runner.hash}`,
  stdin: bodyOf(request),
});

/** The long form: the runner comes along, and installs itself on the way. */
export const encodeWithRunner = (request: Request, nonce: string, runner: Runner): Frame =>
  encodeWithText([request.kind, nonce, runner.hash, String(runner.bytes.length + 1)], runner, bodyOf(request));

/**
 * A text goes in front of what it is to read, and is run only when it is whole. `words[1]` is the nonce.
 * Where dd can wait for a full block it takes the text at once; else byte by byte, since whoever reads more takes from what follows.
 */
export const encodeWithText = (words: readonly string[], { bytes }: Runner, body: Uint8Array): Frame => {
  const { length } = bytes;
  return {
    command:
      `exec /bin/sh -c 'text=$(dd bs=${length} count=1 iflag=fullblock 2>/dev/null || dd bs=1 count=${length} 2>/dev/null); ` +
      `case $text in *"#EOR") eval "$text";; *) echo; echo "A $2 1"; ` +
      `if command -v dd >/dev/null; then echo "E request-cut in the runner"; else echo "E host-refused there is no dd on this host"; fi; ` +
      `echo "Z $2";; esac' ` +
      `rollcall ${words.join(' ')}`,
    stdin: Buffer.concat([bytes, body]),
  };
};

/** What a runner says when the password may be sent, as a line and its line end. */
export const passwordMark = (nonce: string): string => `P ${nonce}\n`;

/** The mark of a `--once` name on the host: two inventory names share nothing, also where they are one account. */
export const onceName = (name: string, host: string): string =>
  createHash('sha256')
    .update(`${Buffer.byteLength(name)}:${name}${host}`)
    .digest('hex')
    .slice(0, 32);

/** Most digits of an epoch; names on the host sort by it. */
const epochWidth = 16;

/** What a request says on stdin. */
export const bodyOf = (request: Request): Uint8Array => {
  switch (request.kind) {
    case 'start':
      return startBody(request);
    case 'become':
      return becomeBody(request);
    case 'look':
      return Buffer.from(`${request.jobs.map(job => `${job.jid} ${job.outFrom} ${job.errFrom} ${job.most}\n`).join('')}.\n`);
    case 'list':
      return new Uint8Array();
    case 'cancel':
      return Buffer.from(`${request.jid} ${request.grace} .\n`);
    case 'extend':
      return Buffer.from(`${request.jid} ${request.limit} .\n`);
    case 'clean':
      return Buffer.from(`${request.jids.map(jid => `${jid}\n`).join('')}.\n`);
  }
};

const epochOf = ({ epoch }: Identity): string => String(epoch).padStart(epochWidth, '0');

const onceMark = (start: StartRequest): string => (start.once === undefined ? '-' : onceName(start.once, start.about.host));

const becomeBody = ({ start, by, most }: Request & { kind: 'become' }): Uint8Array =>
  Buffer.from(`${[start.jid, by.line, epochOf(by), by.driverId, start.linger, most, onceMark(start)].join(' ')} .\n`);

const startBody = ({ start, by, most, as }: Request & { kind: 'start' }): Uint8Array => {
  const about = aboutLines(start.about);
  const script = Buffer.from(start.script);
  const head = [
    start.jid,
    by.line,
    epochOf(by),
    by.driverId,
    start.limit,
    start.grace,
    start.cap,
    start.linger,
    most,
    onceMark(start),
    start.ansibleAsync === 'yes' ? 1 : 0,
    start.become === undefined ? '-' : (as ?? 'now'),
    about.length,
    script.length,
  ].join(' ');
  const other = start.become === undefined ? [] : [becomeLine(start.become)];
  return Buffer.concat([Buffer.from(`${[head, ...other, ...about].join('\n')}\n`), script]);
};

/** Flags are sudo's own where nobody says others, as Ansible has them; whether and how it asks is said by the runner. */
const becomeLine = ({ method, user, exe, flags }: Become): string => {
  const words = (flags ?? (method === 'sudo' ? '-H' : '')).split(/ +/).filter(word => word !== '' && !askingFlags.has(word));
  return [method, user, exe ?? method, ...words].join(' ');
};

const askingFlags: ReadonlySet<string> = new Set(['-n', '-S', '-k', '--non-interactive', '--stdin', '--reset-timestamp']);

const aboutLines = (about: JobAbout): string[] =>
  Object.entries({
    run: about.runId,
    number: about.runNumber,
    title: about.title,
    operator: about.operator,
    machine: about.machine,
    host: about.host,
    task: about.task,
    batch: about.batch,
    command: about.command,
    ...(about.become !== undefined && { become: about.become }),
  }).map(([key, value]) => `${key}=${inAscii(safeText(String(value), 500))}`);

/** What goes through a shell's variables is ASCII: yash drops what its locale doesn't know. `\\u` stands for itself as `\\u005cu`. */
const inAscii = (text: string): string => text.replace(/[^ -~]|\\(?=u)/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** What {@link encodeRequest} made ASCII of. */
export const fromAscii = (text: string): string =>
  text.replace(/\\u([0-9a-f]{4})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

// ---- the other side, for practice hosts that only act -----------------------------------------------------------

/** What a runner understands of a request. */
export type Heard =
  | { readonly kind: 'heard'; readonly nonce: string; readonly request: HeardRequest }
  /** It broke off: nothing may run. */
  | { readonly kind: 'cut'; readonly nonce: string; readonly where: string }
  /** Not one of ours. */
  | { readonly kind: 'foreign' };

/** A request as the host has it; `once` is the mark's name. */
export type HeardRequest =
  | {
      readonly kind: 'start';
      readonly start: Omit<StartRequest, 'about'> & { readonly about: Readonly<Record<string, string>> };
      readonly by: Identity;
      readonly most: number;
    }
  | PlainRequest;

/** Reads either form of a request as runner.sh does. */
export const parseRequest = (command: string, stdin: Uint8Array): Heard => {
  const words = /' rollcall (start|look|list|cancel|extend|clean) ([0-9a-f]+) [0-9a-f]+(?: (\d+))?$/.exec(command);
  if (words === null || !command.startsWith("exec /bin/sh -c '")) return { kind: 'foreign' };
  const [, kind, nonce, along] = words as unknown as [string, HeardRequest['kind'], string, string | undefined];
  const skip = along === undefined ? 0 : Number(along) - 1;
  if (skip > 0 && !Buffer.from(stdin.subarray(0, skip)).toString('latin1').endsWith('#EOR')) {
    return { kind: 'cut', nonce, where: 'in the runner' };
  }
  const request = heardOf(kind, stdin.subarray(skip));
  return typeof request === 'string' ? { kind: 'cut', nonce, where: request } : { kind: 'heard', nonce, request };
};

/** The nonce of a survey or a peek, which are no requests of the runner; undefined for anything else. */
export const heardSurvey = (command: string): string | undefined =>
  command.startsWith("exec /bin/sh -c '")
    ? /' rollcall (?:survey|survey-all|peek) ([0-9a-f]+) [0-9a-f]+ \d+$/.exec(command)?.[1]
    : undefined;

/** What a host says in which nobody has begun anything. */
export const emptySurvey = (nonce: string, account: string): Uint8Array =>
  Buffer.from(`\nA ${nonce} 1\nT 0 0\nH ${account} /home/${account}\nK 0\nR\nZ ${nonce}\n`);

const heardOf = (kind: HeardRequest['kind'], body: Uint8Array): HeardRequest | string => {
  if (kind === 'list') return { kind };
  if (kind === 'start') return heardStart(body);
  const lines = Buffer.from(body).toString().split('\n');
  if (kind === 'cancel' || kind === 'extend') {
    const [jid, number, seal] = lines[0]?.split(' ') ?? [];
    if (seal !== '.') return `in the ${kind}`;
    return kind === 'cancel' ? { kind, jid: jid as Jid, grace: Number(number) } : { kind, jid: jid as Jid, limit: Number(number) };
  }
  const end = lines.indexOf('.');
  if (end === -1) return 'in the list of jobs';
  const rows = lines.slice(0, end).map(line => line.split(' '));
  if (kind === 'clean') return { kind, jids: rows.map(([jid]) => jid as Jid) };
  return {
    kind,
    jobs: rows.map(([jid, out, err, most]) => ({ jid: jid as Jid, outFrom: Number(out), errFrom: Number(err), most: Number(most) })),
  };
};

const heardStart = (body: Uint8Array): HeardRequest | string => {
  const text = Buffer.from(body).toString('latin1');
  const firstEnd = text.indexOf('\n');
  if (firstEnd === -1) return 'in the first line';
  const [jid = '', line = '', epoch, driverId = '', limit, grace, cap, linger, most, once = '-', ansible, as, count, bytes] = text
    .slice(0, firstEnd)
    .split(' ');
  // Who acts has one user, and is whoever it shall be.
  const other = as === '-' ? firstEnd : text.indexOf('\n', firstEnd + 1);
  if (other === -1) return 'before its user';
  let at = other + 1;
  const about: Record<string, string> = {};
  for (let row = 0; row < Number(count); row += 1) {
    const end = text.indexOf('\n', at);
    if (end === -1) return `after ${row} lines`;
    const [key = '', ...value] = text.slice(at, end).split('=');
    about[key] = fromAscii(value.join('='));
    at = end + 1;
  }
  if (body.length - at !== Number(bytes)) return `${body.length - at} of ${bytes} bytes`;
  if (parseJid(jid) === undefined) return 'in the jid';
  return {
    kind: 'start',
    start: {
      jid: jid as Jid,
      script: Buffer.from(body.subarray(at)).toString(),
      limit: Number(limit),
      grace: Number(grace),
      cap: Number(cap),
      linger: Number(linger),
      ...(once === '-' ? {} : { once }),
      ...(ansible === '1' && { ansibleAsync: 'yes' as const }),
      about,
    },
    by: { line, epoch: Number(epoch), driverId },
    most: Number(most),
  };
};
