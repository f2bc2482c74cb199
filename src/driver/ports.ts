// The only place that says what the driver's edges (socket, lease, idle) need from its middle, and the middle from them.
// The middle composes engine, play and journal; nothing here knows those.
import type { Event, Sighting } from '../domain/event.ts';
import type { Failure } from '../domain/failure.ts';
import type { Question, TurnedDown } from '../domain/need.ts';
import type { Result } from '../domain/result.ts';
import type { State } from '../domain/run-state.ts';
import type { Ask, DriverStatus, Hello } from './protocol.ts';

/** One client, from its hello to its end. */
export type ClientInfo = {
  /** Unique within this driver's life. */
  readonly id: number;
  readonly hello: Hello;
};

/** What readers of the driver are told, in order. */
export type DriverNews =
  | { readonly kind: 'events'; readonly events: readonly Event[]; readonly sightings: readonly Sighting[] }
  | { readonly kind: 'banner'; readonly failure: Failure | undefined }
  | { readonly kind: 'questions'; readonly questions: readonly Question[] }
  | { readonly kind: 'turned-down'; readonly turnedDown: TurnedDown };

/** The driver's middle, as the socket's desk sees it. */
export type DriverPort = {
  /** Does what is asked. Its events have been told to the subscribers before it resolves. Rejects only for bugs. */
  handle(ask: Ask, client: ClientInfo): Promise<Result<unknown>>;
  /** The state now. Whatever `subscribe` has told is in it, and nothing else is. */
  state(): State;
  status(): DriverStatus;
  /** Calls `listener` in the same tick in which the state took the news in; the returned function ends it. */
  subscribe(listener: (news: DriverNews) => void): () => void;
  clientCame(client: ClientInfo): void;
  /** Once per client that came, however it left. */
  clientGone(client: ClientInfo): void;
  /** What every screen must show now. */
  banner(): Failure | undefined;
  /** What people are asked now. */
  questions(): readonly Question[];
};

/** A state folder that belongs to a group. */
export type Sharing = { readonly gid: number };

/** The part of a lease that the socket needs: only its holder may remove a socket that was left behind. */
export type HeldLease = { held(): boolean };

/** Calls `fire` once after `delay` ms; the returned function disarms it. Tests own it. */
export type After = (delay: number, fire: () => void) => () => void;

/** {@link After} by the event loop. */
export const afterByTimer: After = (delay, fire) => {
  const timer = setTimeout(fire, delay);
  return () => clearTimeout(timer);
};
