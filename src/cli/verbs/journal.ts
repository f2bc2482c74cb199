// The only place for `rollcall journal verify`: what the chain of the journal says, for auditors.
import { fail, ok, type Result } from '../../domain/result.ts';
import { readChain } from '../../journal/read.ts';
import type { RunFlags } from '../flags.ts';
import { stateDirOf, type World } from '../world.ts';

/** Says how many events there are and the last hash, which is worth keeping elsewhere. @failure state-folder where it breaks */
export const journalVerb = (world: World, flags: Pick<RunFlags, 'state'>): Result<number> => {
  const stateDir = stateDirOf(world, flags.state);
  const read = readChain(stateDir);
  if (!read.ok) return read;
  const chain = read.value;
  if (chain.kind === 'broken') {
    const when = new Date(chain.at).toISOString();
    return fail({
      tag: 'state-folder',
      cause: `the journal of ${stateDir} breaks at event ${chain.seq} (${chain.type}, ${when}): ${chain.why}`,
    });
  }
  if (chain.events === 0) world.write('the journal has no events yet\n');
  else {
    const older = chain.older === 0 ? '' : `, the first ${chain.older} older than the chain`;
    const removed = chain.removed === 0 ? '' : `, ${chain.removed} others removed by retention`;
    world.write(`${chain.events} events${older}${removed}: the chain is whole; its last hash is ${chain.head}\n`);
  }
  return ok(0);
};
