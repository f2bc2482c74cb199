// The only place for the set_fact module: gives a host variables for the rest of the run. Nothing goes to the host.
import { ok } from '../domain/result.ts';
import type { Value } from '../domain/value.ts';
import type { Module } from './module.ts';
import { refuse } from './module.ts';

/** Any names; `cacheable` is taken and changes nothing, since nothing is kept after the run. */
export const setFact: Module = (args, reader) => {
  const facts: Record<string, Value> = {};
  for (const [word, written] of Object.entries(args)) {
    if (word === 'cacheable') continue;
    const rendered = reader.render(word);
    if (!rendered.ok) return rendered;
    const name = String(rendered.value);
    if (!/^[A-Za-z_]\w*$/.test(name))
      return refuse(`"${name}" cannot name a variable; use letters, digits and _, not beginning with a digit`);
    const value = reader.render(written);
    if (!value.ok) return value;
    facts[name] = value.value;
  }
  if (Object.keys(facts).length === 0) return refuse('set_fact needs a variable; write `name: value` below it');
  return ok({ kind: 'local', value: { ansible_facts: facts, changed: false } });
};
