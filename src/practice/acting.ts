// The only place where practice hosts start no process at all: this process answers what it knows and refuses the
// rest with the reason. It must never run anything that a client sent.
import type { Call, Executor } from './executor.ts';

/** An executor whose machines only act; `why` says why there is no real shell. */
export const actingExecutor = (why: string): Executor => ({
  mode: 'acting',
  why,
  machine: () => ({ run: call => refuse(call, why), busy: () => false, cutPower: () => {} }),
  close: async () => {},
});

const refuse = (call: Call, why: string): void => {
  call.stdin.resume();
  call.stderr.write(`practice: this host only acts (${why}); it does not know this command\n`);
  call.ended({ code: 126 });
  call.close();
};
