// The only place for how one speaks to a living practice process: the socket's place and one JSON object per line.
import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PracticeFleet } from './fleet.ts';

/** What a client may ask. `ensure` adds hosts where there are fewer; nothing ever removes some. */
export type Request = { readonly verb: 'ensure'; readonly hosts: number } | { readonly verb: 'describe' } | { readonly verb: 'stop' };

/** What it hears. After `stopping` the connection closes when all has gone. */
export type Reply =
  | { readonly reply: 'fleet'; readonly fleet: PracticeFleet }
  | { readonly reply: 'stopping' }
  | { readonly reply: 'refused'; readonly cause: string };

/**
 * Where the control socket of a practice folder is. The kernel takes about 100 bytes for a path: a longer one is
 * replaced by a name under the temporary folder, in a folder of our own with mode 0700.
 */
export const controlPath = (folder: string): { readonly socket: string; readonly shortFolder?: string } => {
  const socket = join(folder, 'control.sock');
  if (Buffer.byteLength(socket) <= 100) return { socket };
  const shortFolder = join(tmpdir(), `rollcall-practice-${process.getuid?.() ?? 0}-${nameOf(folder).slice(0, 16)}`);
  return { socket: join(shortFolder, 'control.sock'), shortFolder };
};

/** A name for a folder that is the same however one got there. */
export const nameOf = (folder: string): string => createHash('sha256').update(realpathSync(folder)).digest('hex');

/**
 * Asks the living practice process of a folder; undefined when there is none (or it ended before it answered).
 * The answer to `stop` comes only when the process has gone.
 */
export const askPractice = (folder: string, request: Request): Promise<Reply | undefined> =>
  new Promise(resolve => {
    if (!existsSync(folder)) return resolve(undefined);
    const socket = net.connect(controlPath(folder).socket);
    let heard = '';
    const answer = () => (heard.includes('\n') ? (JSON.parse(heard.split('\n', 1)[0]!) as Reply) : undefined);
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('data', chunk => {
      heard += chunk;
      if (request.verb !== 'stop' && answer() !== undefined) socket.end();
    });
    socket.on('error', () => {}); // nobody there: its close says so
    socket.on('close', () => resolve(answer()));
  });
