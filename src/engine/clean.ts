// The only place that has a host remove what is kept there of jobs that are over.
import type { Jid } from '../domain/job.ts';
import { ok, type Result } from '../domain/result.ts';
import type { Line } from './ports.ts';

/** Folders that a host is to remove. `jid` is one of them; `done` is told of which jobs nothing is there any more. */
export type CleanAct = {
  readonly kind: 'clean';
  readonly jid: Jid;
  readonly jids: readonly Jid[];
  readonly done: (cleaned: Result<readonly Jid[]>) => void;
};

/** False when the line is of no use any more. What the host does not know was removed there before. */
export const cleanOver = async (line: Line, { jids, done }: CleanAct): Promise<boolean> => {
  const cleaned = await line.clean(jids);
  const rest = cleaned.ok ? jids.filter(jid => !cleaned.value.includes(jid)) : [];
  const looked = rest.length === 0 ? ok([]) : await line.look(rest.map(jid => ({ jid, outFrom: 0, errFrom: 0, most: 0 })));
  if (!cleaned.ok || !looked.ok) {
    done(cleaned);
    return false;
  }
  const unknown = looked.value.filter(({ state }) => state.kind === 'unknown').map(({ jid }) => jid);
  done(ok([...cleaned.value, ...unknown]));
  return true;
};
