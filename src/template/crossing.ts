// The only place where values cross from the interpreter to us. It sorts the keys of every mapping on its way; here they
// get back the order in which they were written, for which a mapping is known by its keys.
import type { Value, Vars } from '../domain/value.ts';
import { isMapping } from '../domain/value.ts';
import { bounded } from './filter.ts';

/** Values that one crossing may hold. */
const mostValues = 1_000_000;

/** The crossings of one evaluation. */
export class Crossing {
  private readonly vars: Vars;
  private orders: Map<string, readonly string[]> | undefined;
  private seen = 0;

  constructor(vars: Vars) {
    this.vars = vars;
  }

  /** Mappings come out as Map, nothing and what is undefined as undefined. */
  out(value: unknown): Value {
    this.seen = 0;
    return this.plain(value);
  }

  /** What a filter made goes back in. */
  back(value: Value): Value {
    if (this.orders !== undefined || hasSeveralKeys(value)) this.learn(value, this.known());
    return value;
  }

  private plain(value: unknown): Value {
    bounded(++this.seen, mostValues);
    if (value === undefined || value === null) return null;
    if (value instanceof Map) return this.mapping(value);
    if (Array.isArray(value)) return value.map(item => this.plain(item));
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    return typeof value === 'function' ? null : (value as Value);
  }

  private mapping(map: ReadonlyMap<unknown, unknown>): Vars {
    const entries = new Map([...map].map(([key, inner]) => [String(key), this.plain(inner)]));
    const order = entries.size < 2 ? undefined : this.known().get(signature([...entries.keys()]));
    return Object.fromEntries(order === undefined ? entries : order.map(key => [key, entries.get(key) ?? null]));
  }

  private known(): Map<string, readonly string[]> {
    if (this.orders === undefined) {
      this.orders = new Map();
      this.seen = 0;
      this.learn(this.vars, this.orders);
    }
    return this.orders;
  }

  private learn(value: Value, orders: Map<string, readonly string[]>): void {
    if (this.seen > mostValues) return;
    if (Array.isArray(value)) for (const item of value) this.learn(item, orders);
    else if (isMapping(value)) {
      this.seen++;
      const keys = Object.keys(value);
      if (keys.length > 1) orders.set(signature(keys), keys);
      for (const key of keys) this.learn(value[key] ?? null, orders);
    }
  }
}

const signature = (keys: readonly string[]): string => [...keys].sort().join('\0');

const hasSeveralKeys = (value: Value): boolean => {
  if (Array.isArray(value)) return value.some(hasSeveralKeys);
  return isMapping(value) && (Object.keys(value).length > 1 || Object.values(value).some(hasSeveralKeys));
};
