// The only place for the arithmetic of until, retries and delay, as Ansible has it.
// `retries: N` allows N + 1 attempts; with N ≤ 0 there is one and `until` is not asked.

export type Attempt = {
  /** Counts from 1. */
  readonly number: number;
  readonly retries: number;
  /** Seconds; negative counts as 1. */
  readonly delay: number;
};

export type AfterAttempt =
  /** `attempts` as Ansible reports it: the true number on success, one less on exhaustion. */
  | { readonly kind: 'done'; readonly attempts: number; readonly failed: boolean }
  | { readonly kind: 'again'; readonly number: number; readonly retriesLeft: number; readonly delay: number };

/** What follows an attempt whose condition held or not. @see Ansible, task_executor `_execute` */
export const afterAttempt = ({ number, retries, delay }: Attempt, holds: boolean): AfterAttempt => {
  if (holds || retries <= 0) return { kind: 'done', attempts: number, failed: false };
  if (number > retries) return { kind: 'done', attempts: retries, failed: true };
  return { kind: 'again', number: number + 1, retriesLeft: retries - number + 1, delay: delay < 0 ? 1 : delay };
};
