// The only place for the shape of an expected outcome: a value, or a failure as plain data.
// Throwing is left to bugs (design: "expected failures are returned").
import type { Failure } from './failure.ts';

/** A value, or the reason why there is none. `E` is a {@link Failure} unless a caller has a shape of its own. */
export type Result<T, E = Failure> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: E };

/** Wraps a value that was obtained. */
export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });

/** Wraps the reason why there is no value. */
export const fail = <E>(failure: E): { readonly ok: false; readonly failure: E } => ({
  ok: false,
  failure,
});
