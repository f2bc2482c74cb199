// The only place that says which variable a name means: layers, the last one that has the name wins.
// A layer of data is never rendered, whatever stands in it; that is what keeps host output from being run as a template.
import type { Value, Vars } from '../domain/value.ts';

/** `templates`: written by the operator (inventory, play, task); `data`: results, facts, names. */
export type Layer = { readonly vars: Vars; readonly holds: 'templates' | 'data' };

/** From the weakest layer to the strongest. */
export type Scope = readonly Layer[];

/** The value that a name has, with the kind of its layer. */
export const findIn = (scope: Scope, name: string): { readonly value: Value; readonly holds: Layer['holds'] } | undefined => {
  const layer = scope.findLast(({ vars }) => Object.hasOwn(vars, name));
  const value = layer?.vars[name];
  return layer === undefined || value === undefined ? undefined : { value, holds: layer.holds };
};

/** A scope of values that are only data. */
export const dataScope = (vars: Vars): Scope => [{ vars, holds: 'data' }];
