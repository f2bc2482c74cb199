// The only place that divides a submission: what the journal may have, and what stays in this driver's memory.
import type { RunOptions } from '../domain/event.ts';
import { compileMask, maskArgv, maskPlanTexts } from '../domain/mask.ts';
import { maskPlan, type Plan } from '../domain/plan.ts';
import { ok, type Result } from '../domain/result.ts';
import type { KeptOut } from '../play/ports.ts';
import type { Ask } from './protocol.ts';

/** `keptOut` is absent where nothing is kept out. */
export type Divided = { readonly plan: Plan; readonly options: RunOptions; readonly keptOut?: KeptOut };

/** @failure bad-input where a mask is no regular expression */
export const keptOutOf = ({
  plan: whole,
  options,
  mask: patterns = [],
  secretVars = {},
}: Extract<Ask, { verb: 'submit' }>): Result<Divided> => {
  const compiled = compileMask(patterns);
  if (!compiled.ok) return compiled;
  const mask = compiled.value;
  const isMasked = patterns.length > 0;
  const isLogged = options.log === 'yes';
  const { plan, calls } = maskPlan(whole);
  const hostVars = new Map(Object.entries(secretVars));
  if (calls.size === 0 && isLogged && !isMasked && hostVars.size === 0) return ok({ plan, options });
  const { extraVars, reason } = options;
  return ok({
    plan: isMasked ? maskPlanTexts(mask, plan) : plan,
    options: {
      ...options,
      ...((isMasked || !isLogged) && { extraVars: {} }),
      ...(isMasked && { masked: 'yes', argv: maskArgv(mask, options.argv), ...(reason !== undefined && { reason: mask(reason) }) }),
    },
    keptOut: {
      calls,
      ...(hostVars.size > 0 && { hostVars }),
      ...((isMasked || !isLogged) && { extraVars }),
      ...(isMasked && { masked: { plan: whole, mask } }),
    },
  });
};
