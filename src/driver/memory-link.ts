// The only place for a link without a socket: console and driver in one process, for tests and for what needs no driver of its own.
// Messages still go through JSON, so that both sides see exactly what the wire would bring.
import type { Result } from '../domain/result.ts';
import type { Desk } from './desk.ts';
import { type LinkSetting, linkOver, type NoLink } from './link.ts';
import type { Link } from './protocol.ts';
import type { Pipe, PipeListener } from './wire.ts';

/** Joins a new client to the desk. */
export const memoryLink = (desk: Desk, setting: LinkSetting): Promise<Result<Link, NoLink>> => {
  const [ours, theirs] = pipePair();
  desk.join(theirs);
  return linkOver(ours, setting);
};

/** Two ends; lines arrive later, in order, as over a socket. */
export const pipePair = (): readonly [Pipe, Pipe] => {
  type End = { readonly waiting: string[]; listener: PipeListener | undefined; state: 'open' | 'ending' | 'closed' };
  const ends: readonly [End, End] = [
    { waiting: [], listener: undefined, state: 'open' },
    { waiting: [], listener: undefined, state: 'open' },
  ];

  const deliver = (end: End): void => {
    if (end.listener === undefined) return;
    for (let line = end.waiting.shift(); line !== undefined && end.state !== 'closed'; line = end.waiting.shift()) {
      end.listener.line(JSON.parse(line));
    }
    if (end.state !== 'ending') return;
    end.state = 'closed';
    end.listener.closed();
  };

  const close = (waits: 'for-lines' | 'not'): void => {
    for (const end of ends) {
      if (end.state === 'closed') continue;
      if (waits === 'not') end.waiting.length = 0;
      end.state = 'ending';
      setImmediate(() => deliver(end));
    }
  };

  const pipe = (from: End, to: End): Pipe => ({
    send(line) {
      if (from.state !== 'open' || to.state !== 'open') return;
      to.waiting.push(line);
      setImmediate(() => deliver(to));
    },
    pending: () => to.waiting.reduce((sum, line) => sum + line.length, 0),
    end: () => close('for-lines'),
    drop: () => close('not'),
    listen(listener) {
      from.listener = listener;
      setImmediate(() => deliver(from));
    },
  });
  return [pipe(ends[0], ends[1]), pipe(ends[1], ends[0])];
};
