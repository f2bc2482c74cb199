// The thread in which a mirror is kept: reading the journal for it costs the driver's own thread nothing.
// Messages only; what is done with them is mirror.ts's.
import { parentPort, workerData } from 'node:worker_threads';
import type { MirrorPlace } from '../domain/mirror-place.ts';
import { keepMirror, type MirrorTrouble } from './mirror.ts';

/** What the thread is started with. */
export type MirrorStart = { readonly stateDir: string; readonly place: MirrorPlace; readonly epoch: number; readonly agentSocket?: string };

export type ToMirror = { readonly do: 'agent'; readonly socket: string } | { readonly do: 'close' };

export type FromMirror = { readonly trouble: MirrorTrouble };

const serve = (port: NonNullable<typeof parentPort>, { stateDir, place, epoch, agentSocket }: MirrorStart): void => {
  let agent = agentSocket;
  const mirror = keepMirror({
    stateDir,
    place,
    epoch,
    env: () => ({ ...process.env, ...(agent !== undefined && { SSH_AUTH_SOCK: agent }) }),
    clock: {
      wall: Date.now,
      after(delay, fire) {
        const timer = setTimeout(fire, delay);
        return () => clearTimeout(timer);
      },
    },
    onTrouble: trouble => port.postMessage({ trouble } satisfies FromMirror),
  });
  port.on('message', (message: ToMirror) => {
    if (message.do === 'agent') agent = message.socket;
    else void mirror.close().then(() => port.close());
  });
};

if (parentPort !== null) serve(parentPort, workerData as MirrorStart);
