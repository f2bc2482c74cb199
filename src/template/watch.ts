// The only place that ends what takes too long, wherever it is: in the interpreter, in a filter, in the middle of a pattern.
import { createContext, Script } from 'node:vm';

/** What one evaluation may take at most, ms: hundreds of times what any sane one needs. */
export const longest = 2000;

/** What is said of it. */
export const outOfTime = 'it does not come to an end';

/** Repeats, loops, and filters that take a pattern, call others or go through a list: a watch costs more than most other evaluations. */
export const mayTakeLong =
  /\*|\bfor\b|\bmacro\b|\brange\b|rollcall_(?!(?:text|string|truth|undefined|compare|get|default|bool|int|float|lower|upper|trim|quote|basename|dirname|first|last|length|is_(?!regex|match|search))\w*)/;

const room: { work: () => unknown } = createContext({ work: () => undefined }) as { work: () => unknown };
const watch = new Script('work()');

/** Does it, or throws what `isOutOfTime` knows. */
export const watched = <T>(work: () => T): T => {
  room.work = work;
  return watch.runInContext(room, { timeout: longest }) as T;
};

/** Whether this was thrown by the watch. */
export const isOutOfTime = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && (error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
