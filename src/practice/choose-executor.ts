// The only place that decides whether practice hosts run a real shell or only act, and that says why.
import { actingExecutor } from './acting.ts';
import type { Executor } from './executor.ts';
import { namespaceExecutor } from './namespaces.ts';
import { probe } from './probe.ts';

/** Namespaces where they can be had and hold against the probe, unless `wanted` is `acting`. */
export const chooseExecutor = async (processesPath: string, wanted: string | undefined): Promise<Executor> => {
  if (wanted === 'acting') return actingExecutor('ROLLCALL_PRACTICE_MODE asks for it');
  if (process.platform !== 'linux') return actingExecutor('this system has no namespaces');
  let executor: Executor | undefined;
  let why: string | undefined;
  try {
    executor = await namespaceExecutor(processesPath);
    why = await probe(executor);
    if (why === undefined) return executor;
  } catch (error) {
    why = (error as Error).message;
  }
  await executor?.close();
  return actingExecutor(why);
};
