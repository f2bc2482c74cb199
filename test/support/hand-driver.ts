// A driver whose news and answers the test gives by hand; it keeps its state as a real one does.
import type { Event, Sighting } from '../../src/domain/event.ts';
import type { Failure } from '../../src/domain/failure.ts';
import { reduce, reduceSighting } from '../../src/domain/reduce.ts';
import { ok, type Result } from '../../src/domain/result.ts';
import { emptyState } from '../../src/domain/run-state.ts';
import type { ClientInfo, DriverNews, DriverPort } from '../../src/driver/ports.ts';
import type { Ask } from '../../src/driver/protocol.ts';

export type HandDriver = DriverPort & {
  tell(events: readonly Event[], sightings?: readonly Sighting[]): void;
  raise(failure: Failure | undefined): void;
  /** Any other news. */
  say(news: DriverNews): void;
  /** What `handle` does; by default it says that it touched one. */
  onAsk(does: (ask: Ask, client: ClientInfo) => Promise<Result<unknown>>): void;
  readonly came: readonly ClientInfo[];
  readonly gone: readonly ClientInfo[];
};

export const handDriver = (): HandDriver => {
  const state = emptyState();
  const readers = new Set<(news: DriverNews) => void>();
  const came: ClientInfo[] = [];
  const gone: ClientInfo[] = [];
  let banner: Failure | undefined;
  let does: (ask: Ask, client: ClientInfo) => Promise<Result<unknown>> = async () => ok({ touched: 1 });
  return {
    came,
    gone,
    questions: () => [],
    handle: (ask, client) => does(ask, client),
    onAsk(wanted) {
      does = wanted;
    },
    state: () => state,
    status: () => ({ pid: 1, driver: 'd', epoch: 1, version: '0', stateDir: '/', forks: 1, open: 0, running: 0 }),
    subscribe(reader) {
      readers.add(reader);
      return () => readers.delete(reader);
    },
    clientCame: client => came.push(client),
    clientGone: client => gone.push(client),
    banner: () => banner,
    tell(events, sightings = []) {
      for (const event of events) reduce(state, event);
      for (const sighting of sightings) reduceSighting(state, sighting);
      for (const reader of readers) reader({ kind: 'events', events, sightings });
    },
    say(news) {
      for (const reader of readers) reader(news);
    },
    raise(failure) {
      banner = failure;
      for (const reader of readers) reader({ kind: 'banner', failure });
    },
  };
};
