// The only place for the text of a mirror: one JSON object a line, behind a check over it and the line before.
// Events carry the journal's own chain besides; the check also holds what that does not: output bytes, signs of life, the head.
import { createHash } from 'node:crypto';
import { type OutputStream, parseJid } from '../domain/job.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { linkOf } from './chain.ts';
import type { OutputBytes } from './entry.ts';
import type { EventRow } from './event-row.ts';

/** Grows when a line changes its meaning. */
export const mirrorFormat = 1;

/** First line. `meta` is what the journal knows of itself besides its events, such as where its chain begins. */
export type MirrorHead = {
  readonly mirror: number;
  readonly schema: number;
  readonly line: string;
  readonly epoch: number;
  readonly meta: Readonly<Record<string, string>>;
};

/** A row of the journal, with the epoch of the driver that copied it, and the bytes that its event counts. */
export type MirrorRow = EventRow & {
  readonly seq: number;
  readonly hash: string | null;
  readonly epoch: number;
  /** Base64. */
  readonly bytes?: string;
  /** Retention took out the events before it: the hash of the last of them, which it follows in the chain; null where none is known. */
  readonly gap?: string | null;
};

/** A sign of life of the driver, behind the row that was the last one then. `alive`: wall clock, ms. */
export type MirrorBeat = { readonly alive: number; readonly epoch: number; readonly seq: number; readonly hash: string | null };

/** Any line. */
export type MirrorLine = MirrorHead | MirrorRow | MirrorBeat;

export const isHead = (line: MirrorLine): line is MirrorHead => 'mirror' in line;
export const isBeat = (line: MirrorLine): line is MirrorBeat => 'alive' in line;

const checkDigits = 32;

const checkOf = (before: string, json: string): string =>
  createHash('sha256').update(before).update(json).digest('hex').slice(0, checkDigits);

/** Writes lines that follow each other. @param before check of the line before; empty for the first */
export const mirrorWriter = (before: string): { line(line: MirrorLine): string } => {
  let check = before;
  return {
    line(line) {
      const json = JSON.stringify(line);
      check = checkOf(check, json);
      return `${check} ${json}\n`;
    },
  };
};

/** One line taken apart, unproven; undefined for what is none. */
export const splitLine = (text: string): { readonly check: string; readonly line: MirrorLine } | undefined => {
  const found = /^(?<check>[0-9a-f]{32}) (?<json>\{.*\})$/s.exec(text)?.groups;
  if (found?.['check'] === undefined || found['json'] === undefined) return undefined;
  try {
    return { check: found['check'], line: JSON.parse(found['json']) as MirrorLine };
  } catch {
    return undefined;
  }
};

/** The bytes that a row's event counts, or undefined where it counts none. */
export const bytesOf = (row: MirrorRow): OutputBytes | undefined => {
  if (row.bytes === undefined || row.jid === null || parseJid(row.jid) === undefined) return undefined;
  const piece = pieceIn(row);
  return piece && { jid: row.jid, stream: piece.stream, offset: piece.from, bytes: Buffer.from(row.bytes, 'base64') };
};

/** Which bytes of which stream an event counts. */
export const pieceIn = ({
  type,
  body,
}: EventRow): { readonly stream: OutputStream; readonly from: number; readonly length: number } | undefined => {
  if (type !== 'job.output') return undefined;
  const { stream, from, length } = JSON.parse(body) as { stream: OutputStream; from: number; length: number };
  return { stream, from, length };
};

/** Longest line that is read, bytes: a plan over very many hosts is some MB. */
const longestLine = 256 * 1024 * 1024;

/** Reads a mirror piece by piece and proves each line before it is given on. */
export type MirrorReading = {
  /** Lines that are whole now. @failure bad-input, with the line and what was good before it; nothing is read after that */
  take(chunk: Uint8Array): Result<readonly MirrorLine[]>;
  /** Whether the last line was cut off. */
  isCut(): boolean;
};

/** @param name what the operator calls the mirror */
export const readMirror = (name: string): MirrorReading => {
  let rest: Buffer[] = [];
  let size = 0;
  let number = 0;
  let check = '';
  /** The journal's chain so far. */
  let link = '';
  let seq = 0;

  const broken = (why: string): Result<never> => {
    const good = number === 1 ? '' : `; what is before it is whole: a file of the first ${number - 1} lines can be taken over from`;
    return fail({ tag: 'bad-input', cause: `the mirror ${name} breaks at line ${number}: ${why}${good}` });
  };

  const read = (text: string): Result<MirrorLine> => {
    number += 1;
    const found = splitLine(text);
    if (found === undefined) return broken(number === 1 ? 'this is no mirror of a journal' : 'it cannot be read');
    const { line } = found;
    const isNewer = number === 1 && isHead(line) && line.mirror > mirrorFormat;
    if (!isNewer && checkOf(check, text.slice(checkDigits + 1)) !== found.check) {
      return broken('it, or the one before it, is not what was written');
    }
    check = found.check;
    if (number === 1) {
      if (!isHead(line)) return broken('its first line is missing');
      if (line.mirror > mirrorFormat) {
        return fail({
          tag: 'bad-input',
          cause: `the mirror ${name} was written by a newer rollcall (format ${line.mirror}): use that one`,
        });
      }
      link = line.line;
      return ok(line);
    }
    if (isHead(line)) return broken('another mirror begins here');
    return isBeat(line) ? ok(line) : follows(line);
  };

  const follows = (row: MirrorRow): Result<MirrorLine> => {
    const { gap } = row;
    if (gap === undefined ? row.seq !== seq + 1 : row.seq <= seq) return broken(`event ${seq + 1} is missing before event ${row.seq}`);
    seq = row.seq;
    if (row.hash === null) return ok(row);
    if (gap !== null && row.hash !== linkOf(gap ?? link, row)) return broken(`event ${row.seq} does not follow the one before it`);
    link = row.hash;
    return ok(row);
  };

  return {
    take(chunk) {
      const lines: MirrorLine[] = [];
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        const text = Buffer.concat([...rest, chunk.subarray(from, end)]).toString('utf8');
        rest = [];
        size = 0;
        from = end + 1;
        const line = read(text);
        if (!line.ok) return line;
        lines.push(line.value);
      }
      const left = chunk.subarray(from);
      if (left.length > 0) rest.push(Buffer.from(left));
      size += left.length;
      if (size > longestLine) {
        number += 1;
        return broken('it is longer than a line can be');
      }
      return ok(lines);
    },
    isCut: () => size > 0,
  };
};

/** What stands at the end of a mirror, as far as whoever goes on writing it must know. */
export type MirrorEnd = {
  readonly head: MirrorHead;
  /** Bytes up to and with the last whole line. */
  readonly size: number;
  readonly check: string;
  readonly epoch: number;
  /** Row that was copied last; 0 where none was. */
  readonly seq: number;
  readonly hash: string | null;
};

/**
 * @param first the first line
 * @param tail the last bytes, beginning with a line
 * @returns undefined where these are no lines of a mirror of this format
 */
export const mirrorEnd = (first: string, tail: Buffer, size: number): MirrorEnd | undefined => {
  const head = splitLine(first)?.line;
  if (head === undefined || !isHead(head) || head.mirror !== mirrorFormat) return undefined;
  const whole = tail.subarray(0, tail.lastIndexOf(10) + 1);
  const last = splitLine(whole.toString('utf8').trimEnd().split('\n').at(-1) ?? '');
  if (last === undefined) return undefined;
  const { check, line } = last;
  return {
    head,
    size: size - (tail.length - whole.length),
    check,
    epoch: line.epoch,
    ...(isHead(line) ? { seq: 0, hash: null } : { seq: line.seq, hash: line.hash }),
  };
};
