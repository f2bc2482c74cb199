// The only place for the framing on the socket: one JSON object a line, lines of bounded length.
// A Pipe carries whole lines; it knows nothing of what they say, and the in-memory one has the same type.
import type { Socket } from 'node:net';

/** Longest line taken from a client, bytes: a fleet of ten thousand hosts with their variables fits. */
export const longestLine = 64 * 1024 * 1024;

/** Whole lines to and from the other side. */
export type Pipe = {
  /** Sends one message; after the end it does nothing. */
  send(line: string): void;
  /** Bytes sent that the other side has not taken yet. */
  pending(): number;
  /** Ends once what was sent has been taken. */
  end(): void;
  /** Ends at once. */
  drop(): void;
  /** Says who is told; nothing is read before. Call it once. */
  listen(to: PipeListener): void;
};

/** What a pipe tells. */
export type PipeListener = {
  line(value: unknown): void;
  /** The other side sent what is no line of ours; nothing more is read. */
  garbage(why: string): void;
  /** Once, when the pipe has closed. */
  closed(): void;
};

/** A message as it goes over the wire. Newlines cannot occur inside: JSON escapes them. */
export const encode = (message: unknown): string => `${JSON.stringify(message)}\n`;

/** The lines that a chunk completed; `bad` says why what follows them is none, and then nothing more may be fed. */
export type Cut = { readonly values: readonly unknown[]; readonly bad?: string };

/** Cuts a stream of bytes into messages, wherever the chunks end. */
export const lineCutter = (most: number): ((chunk: Buffer) => Cut) => {
  let begun: Buffer[] = [];
  let length = 0;
  const tooLong = `a line is longer than ${most} bytes`;

  return chunk => {
    const values: unknown[] = [];
    let from = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      if (length + end - from > most) return { values, bad: tooLong };
      begun.push(chunk.subarray(from, end));
      const value = parsed(Buffer.concat(begun));
      if (value === undefined) return { values, bad: 'a line is not JSON' };
      values.push(value);
      begun = [];
      length = 0;
      from = end + 1;
    }
    if (from < chunk.length) {
      begun.push(chunk.subarray(from));
      length += chunk.length - from;
    }
    return length > most ? { values, bad: tooLong } : { values };
  };
};

const newline = 10;

/** JSON has no `undefined`, so that it can say: not JSON. */
const parsed = (line: Buffer): unknown => {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
};

/** A pipe over a socket. */
export const socketPipe = (socket: Socket, most: number = longestLine): Pipe => {
  const cut = lineCutter(most);
  // A reset is an end like any other; 'close' follows it.
  socket.on('error', () => {});
  return {
    send(line) {
      if (socket.writable) socket.write(line);
    },
    pending: () => socket.writableLength,
    end: () => socket.end(),
    drop: () => socket.destroy(),
    listen(to) {
      let reading = true;
      socket.on('data', (chunk: Buffer) => {
        if (!reading) return;
        const { values, bad } = cut(chunk);
        for (const value of values) to.line(value);
        if (bad === undefined) return;
        reading = false;
        to.garbage(bad);
      });
      socket.on('close', () => to.closed());
      if (socket.destroyed) queueMicrotask(() => to.closed());
    },
  };
};
