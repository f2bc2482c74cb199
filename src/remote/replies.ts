// The only place for the bytes of a reply: a start mark with the nonce, length-prefixed records with raw bytes, an end mark.
// All of it comes from a host and is believed only as far as it answers what was asked: same jids, same offsets, no more bytes
// than announced. Pure functions over bytes.
import type { Failure, FailureTag } from '../domain/failure.ts';
import type { Jid } from '../domain/job.ts';
import { parseJid } from '../domain/job.ts';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import { safeText } from '../domain/safe-line.ts';
import type { Chunk, HostState, JobReport, LookRequest, StartReply } from '../engine/ports.ts';
import type { Request } from './frames.ts';
import type { ExecReply } from './ports.ts';

/** What a runner answers. */
export type Reply =
  | { readonly kind: 'start'; readonly answer: StartReply }
  | { readonly kind: 'reports'; readonly reports: readonly JobReport[] }
  | { readonly kind: 'extended'; readonly limit: number }
  | { readonly kind: 'cleaned'; readonly jids: readonly Jid[] }
  /** The host doesn't have this runner yet: send it along. */
  | { readonly kind: 'need' }
  /** It lies ready, and a password is asked for. */
  | { readonly kind: 'asks' }
  | { readonly kind: 'refused'; readonly tag: FailureTag; readonly text: string };

/**
 * Reads the answer to `request`.
 * @failure restricted, shell-missing (no start mark), connection-lost, reply-garbled (no end mark, or it doesn't fit), and what the host refused with
 */
export const decodeReply = (request: Request, nonce: string, reply: ExecReply): Result<Reply> => {
  const bytes = Buffer.from(reply.stdout.buffer, reply.stdout.byteOffset, reply.stdout.byteLength);
  const start = startOf(bytes, nonce);
  // Nobody else knows the nonce: a runner spoke, so this must not count as a host that runs nothing.
  if (start === -1 && bytes.includes(nonce))
    return fail(failure(reply.code === undefined ? 'connection-lost' : 'reply-garbled', 'its start is damaged'));
  if (start === -1) return fail(withoutStart(reply));
  const reader = readerOf(bytes, start);
  const value = read(request, reader);
  if (value === undefined || reader.line() !== `Z ${nonce}`) {
    if (reply.code === undefined) return fail(failure('connection-lost', 'in the middle of its reply'));
    return fail(failure('reply-garbled', 'it broke off, or it does not fit the question'));
  }
  return value.kind === 'refused' ? fail(failure(value.tag, value.text)) : ok(value);
};

/** Where the records begin, or -1. What login scripts print stands before it and is dropped. */
const startOf = (bytes: Buffer, nonce: string): number => {
  const mark = `A ${nonce} 1\n`;
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) {
    if (at === 0 || bytes[at - 1] === 0x0a) return at + mark.length;
  }
  return -1;
};

/** No runner spoke: the link broke first, or something else answered. */
const withoutStart = (reply: ExecReply): Failure => {
  const said = firstLine(reply.stderr) || firstLine(reply.stdout);
  if (reply.code === undefined) return failure('connection-lost', said || 'before it answered');
  if ((reply.code === 126 || reply.code === 127) && /\/sh\b/.test(said)) return failure('shell-missing', said);
  return failure('restricted', said || `it ended with ${reply.code} and said nothing`);
};

const firstLine = (bytes: Uint8Array): string =>
  safeText(
    Buffer.from(bytes.subarray(0, 4000))
      .toString()
      .split('\n')
      .find(line => line.trim() !== '') ?? '',
    200,
  ).trim();

const failure = (tag: FailureTag, cause: string): Failure => ({ tag, cause });

type Reader = {
  /** The next line without its end, still to be read; undefined when there is no whole one. */
  peek(): string | undefined;
  line(): string | undefined;
  take(length: number): Uint8Array | undefined;
};

const readerOf = (bytes: Buffer, from: number): Reader => {
  let at = from;
  const peek = (): string | undefined => {
    const end = bytes.indexOf(0x0a, at);
    return end === -1 ? undefined : bytes.toString('latin1', at, end);
  };
  return {
    peek,
    line: () => {
      const line = peek();
      at += line === undefined ? 0 : line.length + 1;
      return line;
    },
    take: length => {
      if (at + length > bytes.length) return undefined;
      at += length;
      return bytes.subarray(at - length, at);
    },
  };
};

/** The records that fit the request, or undefined. */
const read = (request: Request, reader: Reader): Reply | undefined => {
  if (reader.peek()?.startsWith('E ') === true) return readRefusal(reader);
  switch (request.kind) {
    case 'become':
      if (reader.peek()?.startsWith('P ') === true) reader.line();
      if (reader.peek()?.startsWith('E ') === true) return readRefusal(reader);
      return readStart(request, reader);
    case 'start':
      return readStart(request, reader);
    case 'look': {
      const reports = request.jobs.map(job => readReport(job, reader));
      return reports.some(report => report === undefined) ? undefined : { kind: 'reports', reports: reports as JobReport[] };
    }
    case 'cancel': {
      const report = readReport({ jid: request.jid, outFrom: 0, errFrom: 0, most: 0 }, reader);
      return report === undefined ? undefined : { kind: 'reports', reports: [report] };
    }
    case 'extend': {
      const limit = whole(/^X (\d+)$/.exec(reader.line() ?? '')?.[1]);
      return limit === undefined ? undefined : { kind: 'extended', limit };
    }
    case 'list':
      return readList(reader);
    case 'clean':
      return readCleaned(request.jids, reader);
  }
};

const hostTags = [
  'request-cut',
  'disk-full',
  'home-missing',
  'home-read-only',
  'no-session',
  'fenced',
  'folder-unsafe',
  'state-unreadable',
  'host-refused',
  'become-refused',
] as const satisfies readonly FailureTag[];

/** What became of becoming another; nothing ran. */
const becomeTags: Readonly<Record<string, FailureTag>> = { 'become-wrong': 'password-refused', 'become-silent': 'reply-timeout' };

const readRefusal = (reader: Reader): Reply => {
  const [, word = '', ...rest] = Buffer.from(reader.line() ?? '', 'latin1')
    .toString()
    .split(' ');
  if (word === 'need') return { kind: 'need' };
  if (word === 'become-password') return { kind: 'asks' };
  const tag = becomeTags[word] ?? hostTags.find(known => known === word) ?? 'host-refused';
  return { kind: 'refused', tag, text: safeText(rest.join(' ') || word, 200) };
};

const readStart = (request: Request & { kind: 'start' | 'become' }, reader: Reader): Reply | undefined => {
  const [mark, word] = reader.line()?.split(' ') ?? [];
  if (mark === 'T') {
    const by = parseJid(word ?? '');
    return by === undefined ? undefined : { kind: 'start', answer: { kind: 'taken', by } };
  }
  if (mark !== 'S' || (word !== 'started' && word !== 'exists')) return undefined;
  const report = readReport({ jid: request.start.jid, outFrom: 0, errFrom: 0, most: request.most }, reader);
  return report === undefined ? undefined : { kind: 'start', answer: { kind: word, report } };
};

const readList = (reader: Reader): Reply | undefined => {
  const reports: JobReport[] = [];
  while (reader.peek()?.startsWith('J ') === true) {
    const jid = parseJid(reader.peek()?.split(' ')[1] ?? '');
    const report = jid === undefined ? undefined : readReport({ jid, outFrom: 0, errFrom: 0, most: 0 }, reader);
    if (report === undefined) return undefined;
    reports.push(report);
  }
  return { kind: 'reports', reports };
};

const readCleaned = (asked: readonly Jid[], reader: Reader): Reply | undefined => {
  const jids: Jid[] = [];
  while (reader.peek()?.startsWith('C ') === true) {
    const jid = asked.find(one => `C ${one}` === reader.peek());
    if (jid === undefined) return undefined;
    jids.push(jid);
    reader.line();
  }
  return { kind: 'cleaned', jids };
};

/** J jid state rc startedAt tenths limit pid boot | size from length (out) | size from length (err) | dropped left waiting */
const readReport = (asked: LookRequest, reader: Reader): JobReport | undefined => {
  const fields = reader.line()?.split(' ') ?? [];
  if (fields.length !== 18 || fields[0] !== 'J' || fields[1] !== asked.jid) return undefined;
  const numbers = [3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16].map(at => whole(fields[at]));
  if (numbers.some(value => value === undefined)) return undefined;
  const [rc, startedAt, tenths, limit, pid, outSize, outFrom, outLength, errSize, errFrom, errLength, dropped, left] = numbers as Numbers;
  const state = stateOf(fields[2] ?? '', rc);
  const waiting = fields[17] === 'W' ? reader.line()?.slice(2) : '';
  if (state === undefined || waiting === undefined) return undefined;
  if (outFrom !== asked.outFrom || errFrom !== asked.errFrom) return undefined;
  const out = readChunk(outSize, outFrom, outLength, asked.most, reader);
  const err = readChunk(errSize, errFrom, errLength, asked.most, reader);
  if (out === undefined || err === undefined || reader.line() !== '') return undefined;
  const heldUpBy = safeText(Buffer.from(waiting, 'latin1').toString(), 200).trim();
  return {
    jid: asked.jid,
    state,
    startedAt,
    elapsed: tenths / 10,
    limit,
    pid,
    bootId: fields[8] === '-' ? '' : safeText(fields[8] ?? '', 64),
    out,
    err,
    dropped,
    left: left === 1,
    ...(heldUpBy === '' ? {} : { waiting: heldUpBy }),
  };
};

type Numbers = [number, number, number, number, number, number, number, number, number, number, number, number, number];

const whole = (text: string | undefined): number | undefined => {
  const value = text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  return value;
};

/** Length is what was announced: never more than was asked for, never beyond the end of the stream. */
const readChunk = (size: number, from: number, length: number, most: number, reader: Reader): Chunk | undefined => {
  if (length > most || (length > 0 && from + length > size)) return undefined;
  const bytes = reader.take(length);
  return bytes === undefined ? undefined : { size, from, bytes };
};

const stateOf = (word: string, rc: number): HostState | undefined => {
  switch (word) {
    case 'unclaimed':
    case 'starting':
    case 'running':
    case 'stopping':
    case 'orphan':
    case 'elsewhere':
    case 'cleaned':
    case 'unknown':
      return { kind: word };
    case 'done':
    case 'timed-out':
    case 'cancelled':
      return { kind: word, rc };
    case 'lost-reboot':
      return { kind: 'lost', why: 'reboot' };
    case 'lost-killed':
      return { kind: 'lost', why: 'killed' };
    case 'lost-broken':
      return { kind: 'lost', why: 'broken' };
    default:
      return undefined;
  }
};

// ---- the other side, for practice hosts that only act -----------------------------------------------------------

/** Writes a reply as runner.sh does. */
export const encodeReply = (nonce: string, reply: Reply): Uint8Array =>
  Buffer.concat([Buffer.from(`\nA ${nonce} 1\n`), ...recordsOf(reply), Buffer.from(`Z ${nonce}\n`)]);

const recordsOf = (reply: Reply): Buffer[] => {
  switch (reply.kind) {
    case 'start':
      return reply.answer.kind === 'taken'
        ? [Buffer.from(`T ${reply.answer.by}\n`)]
        : [Buffer.from(`S ${reply.answer.kind}\n`), reportBytes(reply.answer.report)];
    case 'reports':
      return reply.reports.map(reportBytes);
    case 'extended':
      return [Buffer.from(`X ${reply.limit}\n`)];
    case 'cleaned':
      return reply.jids.map(jid => Buffer.from(`C ${jid}\n`));
    case 'need':
      return [Buffer.from('E need\n')];
    case 'asks':
      return [Buffer.from('E become-password\n')];
    case 'refused':
      return [Buffer.from(`E ${reply.tag} ${reply.text}\n`)];
  }
};

const reportBytes = (report: JobReport): Buffer => {
  const { state, out, err } = report;
  const word = state.kind === 'lost' ? `lost-${state.why}` : state.kind;
  const rc = 'rc' in state ? state.rc : 0;
  const chunks = [out, err].map(({ size, from, bytes }) => `${size} ${from} ${bytes.length}`).join(' ');
  const facts = [rc, report.startedAt, Math.round(report.elapsed * 10), report.limit, report.pid, report.bootId || '-'].join(' ');
  const head = `J ${report.jid} ${word} ${facts} ${chunks} ${report.dropped} ${report.left ? 1 : 0}`;
  const tail = report.waiting === undefined ? ' 0\n' : ` W\nW ${report.waiting}\n`;
  return Buffer.concat([Buffer.from(head + tail), out.bytes, err.bytes, Buffer.from('\n')]);
};
