// The only place that talks to an SSH agent: lists its keys, asks it to sign. One short connection per question,
// each bounded, because a forwarded agent whose link died accepts and never answers.
// @see draft-ietf-sshm-ssh-agent (message numbers)
import { Socket } from 'node:net';

/** A key that the agent holds. */
export type AgentKey = { readonly blob: Buffer; readonly comment: string };

/** An answer, or why there is none, in words that complete "the agent at PATH …". */
export type AgentAnswer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** Which hash an RSA signature is wanted with; other keys have no choice. */
export type RsaHash = 'sha1' | 'sha256' | 'sha512';

const LIST = 11;
const LISTED = 12;
const SIGN = 13;
const SIGNED = 14;
const BIGGEST_ANSWER = 1024 * 1024;
const RSA_FLAGS: Readonly<Record<RsaHash, number>> = { sha1: 0, sha256: 2, sha512: 4 };

/** The keys that an agent holds, in its order. Never rejects. */
export const listAgentKeys = async (path: string, patience: AbortSignal): Promise<AgentAnswer<readonly AgentKey[]>> => {
  const answer = await ask(path, Buffer.from([LIST]), patience);
  if (!answer.ok) return answer;
  const read = reader(answer.value);
  if (read.byte() !== LISTED) return { ok: false, why: 'does not list its keys' };
  const keys: AgentKey[] = [];
  for (let left = read.number(); left > 0; left--) {
    const blob = read.string();
    const comment = read.string();
    if (blob === undefined || comment === undefined) return { ok: false, why: 'gave a list that makes no sense' };
    keys.push({ blob, comment: comment.toString('utf8') });
  }
  return { ok: true, value: keys };
};

/** The bare signature, without the algorithm's name before it. Never rejects. */
export const signWithAgent = async (
  path: string,
  blob: Buffer,
  data: Buffer,
  hash: RsaHash,
  patience: AbortSignal,
): Promise<AgentAnswer<Buffer>> => {
  const answer = await ask(path, Buffer.concat([Buffer.from([SIGN]), string(blob), string(data), uint32(RSA_FLAGS[hash])]), patience);
  if (!answer.ok) return answer;
  const read = reader(answer.value);
  if (read.byte() !== SIGNED) return { ok: false, why: 'refuses to sign' };
  const signature = reader(read.string() ?? Buffer.alloc(0));
  signature.string();
  const bare = signature.string();
  return bare === undefined ? { ok: false, why: 'gave a signature that makes no sense' } : { ok: true, value: bare };
};

const ask = (path: string, request: Buffer, patience: AbortSignal): Promise<AgentAnswer<Buffer>> =>
  new Promise(resolve => {
    const socket = new Socket();
    let received = Buffer.alloc(0);
    const end = (answer: AgentAnswer<Buffer>): void => {
      patience.removeEventListener('abort', giveUp);
      socket.destroy();
      resolve(answer);
    };
    const giveUp = (): void => end({ ok: false, why: 'does not answer' });
    if (patience.aborted) return giveUp();
    patience.addEventListener('abort', giveUp);
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4) return;
      const length = received.readUInt32BE(0);
      if (length === 0 || length > BIGGEST_ANSWER) end({ ok: false, why: 'gave an answer that makes no sense' });
      else if (received.length >= 4 + length) end({ ok: true, value: received.subarray(4, 4 + length) });
    });
    socket.on('error', error => end({ ok: false, why: `cannot be reached (${(error as NodeJS.ErrnoException).code ?? error.message})` }));
    socket.on('close', () => end({ ok: false, why: 'hung up' }));
    socket.connect(path);
    socket.write(string(request));
  });

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const string = (bytes: Buffer): Buffer => Buffer.concat([uint32(bytes.length), bytes]);

/** Reads a message from its start; what is missing reads as 0 or nothing. */
const reader = (bytes: Buffer): { byte(): number; number(): number; string(): Buffer | undefined } => {
  let at = 0;
  const number = (): number => {
    const value = at + 4 <= bytes.length ? bytes.readUInt32BE(at) : 0;
    at += 4;
    return value;
  };
  return {
    byte: () => bytes[at++] ?? 0,
    number,
    string: () => {
      if (at + 4 > bytes.length) return undefined;
      const start = at + 4;
      const end = start + number();
      at = end;
      return end > bytes.length ? undefined : bytes.subarray(start, end);
    },
  };
};
