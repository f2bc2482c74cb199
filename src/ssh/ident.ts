// The only place that overhears what a server says before its identification string, because ssh2 loses it:
// an HTTP server's answer, or the sentence with which sshd turns somebody away.
// It only listens; it never takes bytes away from ssh2.
import type { Duplex } from 'node:stream';
import { causeLine } from './failures.ts';

/** What was heard so far. */
export type Ident = {
  /** True once a line began with `SSH-`. */
  isSsh(): boolean;
  /** The first line, or the identification once it came; printable, short, empty when nothing came. */
  heard(): string;
  stop(): void;
};

/** RFC 4253 allows lines before the identification; more than this is no SSH server's. */
const LISTEN_MAX = 1024;
const QUOTE_MAX = 80;

/** Listens until the identification came. The socket must be handed to ssh2 in the same tick, or bytes are lost. */
export const listenForIdent = (socket: Duplex): Ident => {
  let text = '';
  const stop = (): void => {
    socket.off('data', listen);
  };
  const listen = (chunk: Buffer): void => {
    text += chunk.toString('latin1', 0, LISTEN_MAX);
    if (text.length >= LISTEN_MAX || identIn(text) !== undefined) stop();
  };
  socket.on('data', listen);
  return {
    isSsh: () => identIn(text) !== undefined,
    heard: () => quote(identIn(text) ?? firstLine(text)),
    stop,
  };
};

const identIn = (text: string): string | undefined => /^SSH-[^\r\n]*(?=\r?\n)/m.exec(text)?.[0];

const firstLine = (text: string): string => /[^\r\n]+/.exec(text)?.[0] ?? '';

const quote = (line: string): string => causeLine(line.replace(/[^\x20-\x7e]+/g, '?')).slice(0, QUOTE_MAX);
