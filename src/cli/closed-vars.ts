// The only place that divides a host's variables where some are encrypted: what reaches it is needed here and now, what the
// journal may have is where a value was written, and what templates need goes to the driver's memory with the submission.
import type { Host } from '../domain/inventory.ts';
import { ok, type Result } from '../domain/result.ts';
import { hasSealed } from '../domain/sealed.ts';
import type { Value, Vars } from '../domain/value.ts';
import type { ClosedValues } from '../files/closed-values.ts';

/** A host's variables three times. */
export type DividedVars = {
  /** With everything open that could be opened. */
  readonly open: Vars;
  /** As the journal may have them. */
  readonly planned: Vars;
  /** What was encrypted, open; never written anywhere. */
  readonly secret: Vars;
};

/** @failure bad-input when what says how to reach the host cannot be opened */
export const divideVars = async (host: Host, closed: ClosedValues): Promise<Result<DividedVars>> => {
  const names = closed.any ? Object.keys(host.vars).filter(name => hasSealed(host.vars[name] as Value)) : [];
  if (names.length === 0) return ok({ open: host.vars, planned: host.vars, secret: {} });
  const secret: Record<string, Value> = {};
  const planned: Record<string, Value> = { ...host.vars };
  for (const name of names) {
    const value = host.vars[name] as Value;
    planned[name] = closed.located(value);
    const opened = await closed.reveal(value);
    if (opened.ok) secret[name] = opened.value;
    // Anything else is told when a task names it.
    else if (reaches.test(name))
      return { ok: false, failure: { ...opened.failure, cause: `${opened.failure.cause} (${name} of ${host.name})` } };
  }
  const open: Record<string, Value> = { ...host.vars, ...secret };
  for (const name of names) if (!Object.hasOwn(secret, name)) delete open[name];
  return ok({ open, planned, secret });
};

/** What a connection is made of, save what it asks for on the way: that may be typed as well. */
const reaches = /^ansible_(?:ssh_)?(?:host|port|user|connection|private_key_file|common_args|extra_args|args|executable)$/;
