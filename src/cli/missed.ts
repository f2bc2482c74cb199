// The only place that finds what happened to a run while no driver told anybody: what the journal holds after the last event that was told.
import type { Event } from '../domain/event.ts';
import { readRunEvents } from '../journal/read.ts';

/** Names an event of one run, as it was pushed or as the journal has it. */
export const eventKey = (event: Event): string => {
  const { type, at, jid, host, path, stream, from, batch } = event as Event & Readonly<Record<string, unknown>>;
  return [type, at, jid, host, path, stream, from, batch].join(' ');
};

/** In order; none where it is not known what was told, or where the journal cannot be read. */
export const missedEvents = (stateDir: string, run: string, lastTold: string | undefined): readonly Event[] => {
  const read = lastTold === undefined ? undefined : readRunEvents(stateDir, run);
  if (read?.ok !== true) return [];
  const at = read.value.findLastIndex(event => eventKey(event) === lastTold);
  return at === -1 ? [] : read.value.slice(at + 1);
};
