// The only place that knows how a value is carried whose text nobody here may read: a mapping with one key of Ansible's own,
// as inventory scripts and `ansible-inventory` print it. What stands behind the key is for whoever can open it.
import type { Value, Vars } from './value.ts';
import { isMapping } from './value.ts';

const key = '__ansible_vault';

/** A value that is carried closed. In a planned fleet `text` is where it was written. */
export const seal = (text: string): Vars => ({ [key]: text });

/** What stands in a closed value; undefined for any other. */
export const sealedText = (value: Value | undefined): string | undefined => {
  if (!isMapping(value)) return undefined;
  const text = Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof text === 'string' ? text : undefined;
};

/** True where something in a value is closed. */
export const hasSealed = (value: Value): boolean => {
  if (Array.isArray(value)) return value.some(hasSealed);
  if (!isMapping(value)) return false;
  return sealedText(value) !== undefined || Object.values(value).some(hasSealed);
};

/** A value with everything closed in it replaced. */
export const replaceSealed = (value: Value, replace: (text: string) => Value): Value => {
  const text = sealedText(value);
  if (text !== undefined) return replace(text);
  if (Array.isArray(value)) return value.map(item => replaceSealed(item, replace));
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, replaceSealed(inner, replace)]));
};

/** Every text in a value that is worth hiding: shorter ones are in every sentence. */
export const textsIn = (value: Value): readonly string[] => {
  if (typeof value === 'string') return value.trim().length < 4 ? [] : [value.trim()];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isMapping(value) ? Object.values(value).flatMap(textsIn) : [];
};
