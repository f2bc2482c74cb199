// The only place for the assert module: fails with the first condition that does not hold. Nothing goes to the host.
import { ok } from '../domain/result.ts';
import { lookUp } from '../domain/value.ts';
import { textArgument } from './arguments.ts';
import type { Module } from './module.ts';
import { refuse } from './module.ts';

/** `that`, one condition or a list of them; `fail_msg` (or `msg`), `success_msg`, `quiet`. */
export const assert: Module = (args, reader) => {
  const that = lookUp(args, 'that') ?? null;
  const conditions = Array.isArray(that) ? that : [that];
  const failMessage = textArgument(args, lookUp(args, 'fail_msg') === undefined ? 'msg' : 'fail_msg', reader);
  if (!failMessage.ok) return failMessage;
  const successMessage = textArgument(args, 'success_msg', reader);
  if (!successMessage.ok) return successMessage;
  for (const condition of conditions) {
    if (condition === null || typeof condition === 'object') return refuse('that must be a condition or a list of conditions');
    const holds = reader.holds(String(condition));
    if (!holds.ok) return holds;
    if (!holds.value) {
      const msg = failMessage.value ?? 'Assertion failed';
      return ok({ kind: 'local', value: { assertion: condition, evaluated_to: false, msg, changed: false, failed: true } });
    }
  }
  return ok({ kind: 'local', value: { msg: successMessage.value ?? 'All assertions passed', changed: false } });
};
