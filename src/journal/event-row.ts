// The only place that turns an event into a row of the journal and back.
// What queries need (time, run, job, type, actor) has columns of its own; the rest is JSON. It knows no SQL.
import type { Actor, Event } from '../domain/event.ts';
import type { Jid } from '../domain/job.ts';

/** An event as columns. `body` and `actor` are JSON. */
export type EventRow = {
  readonly at: number;
  /** The run it belongs to, also for events that name only their job; null for those of no run. */
  readonly run: string | null;
  readonly jid: Jid | null;
  readonly type: string;
  readonly actor: string | null;
  readonly body: string;
};

/** The event's own words for its run and job. */
export const namesIn = (event: Event): { readonly run?: string; readonly jid?: Jid } => ({
  ...('run' in event && { run: event.run }),
  ...('jid' in event && { jid: event.jid }),
});

/** @param run the run, where the event names only its job and the journal knows whose it is */
export const rowOf = (event: Event, run: string | null): EventRow => {
  const { at, by, type, ...facts } = event;
  const { run: _, jid: __, ...body } = facts as Record<string, unknown>;
  const names = namesIn(event);
  return {
    at,
    run: names.run ?? run,
    jid: names.jid ?? null,
    type,
    actor: by === undefined ? null : JSON.stringify(by),
    body: JSON.stringify(body),
  };
};

/** The event that {@link rowOf} was given. */
export const eventOf = (row: EventRow): Event =>
  ({
    type: row.type,
    at: row.at,
    ...(row.actor !== null && { by: JSON.parse(row.actor) as Actor }),
    ...(row.run !== null && namesItsRun(row.type) && { run: row.run }),
    ...(row.jid !== null && { jid: row.jid }),
    ...(JSON.parse(row.body) as object),
  }) as Event;

/** Of the events about jobs only the request or the adoption says whose run it is. */
const namesItsRun = (type: string): boolean => !type.startsWith('job.') || type === 'job.requested' || type === 'job.adopted';
