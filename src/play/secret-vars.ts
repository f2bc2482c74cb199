// The only place where variables that were encrypted meet a task: templates see them, whatever is told has them blanked.
import type { PlannedHost } from '../domain/event.ts';
import { type Mask, maskTexts } from '../domain/mask.ts';
import { textsIn } from '../domain/sealed.ts';
import type { Vars } from '../domain/value.ts';
import type { KeptOut } from './ports.ts';

/** A host as templates see it; the planned one holds only where each was written. */
export const withSecrets = (host: PlannedHost, secrets: Vars | undefined): PlannedHost =>
  secrets === undefined ? host : { ...host, vars: { ...host.vars, ...secrets } };

/** What blanks what may not be told of a run on a host; undefined where everything may. */
export const maskOf = (kept: KeptOut | undefined, host: string): Mask | undefined => {
  const asked = kept?.masked?.mask;
  const secrets = kept?.hostVars?.get(host);
  if (secrets === undefined) return asked;
  const known = masks.get(secrets) ?? maskTexts(textsIn(secrets));
  masks.set(secrets, known);
  return asked === undefined ? known : text => known(asked(text));
};

/** Made once for each host's variables. */
const masks = new WeakMap<Vars, Mask>();
