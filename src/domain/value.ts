// The only place that says what a variable may hold: plain JSON data, as inventories, playbooks and results have it.
// It knows nothing of where the data comes from, nor of templates.

/** One value. `undefined`, functions and class instances are never values. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

/** Variables by name. */
export type Vars = Readonly<Record<string, Value>>;

/**
 * Lays variables over each other; a later one replaces an earlier one whole, as Ansible does by default.
 * Layers without variables cost nothing: hosts that have none of their own share those of their groups.
 * Spread defines keys instead of assigning them, so a variable named `__proto__` is only a variable.
 */
export const layVars = (...layers: readonly Vars[]): Vars => {
  let all: Vars | undefined;
  for (const layer of layers) if (!isEmpty(layer)) all = all === undefined ? layer : { ...all, ...layer };
  return all ?? {};
};

const isEmpty = (vars: Vars): boolean => {
  for (const _ in vars) return false;
  return true;
};

/** The value of a variable, or undefined; never something inherited from Object. */
export const lookUp = (vars: Vars, name: string): Value | undefined => (Object.hasOwn(vars, name) ? vars[name] : undefined);

/** True for a mapping, the only kind of value with keys. */
export const isMapping = (value: Value | undefined): value is Vars => typeof value === 'object' && value !== null && !Array.isArray(value);
