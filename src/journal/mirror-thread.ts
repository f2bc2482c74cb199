// The only door to the mirror for the driver: which one is kept, changed or ended while it runs.
// One at a time; the one before has ended before the next begins.
import { Worker } from 'node:worker_threads';
import type { MirrorPlace } from '../domain/mirror-place.ts';
import type { MirrorTrouble } from './mirror.ts';
import type { FromMirror, MirrorStart, ToMirror } from './mirror-worker.ts';

/** The mirrors of one driver. */
export type MirrorKeeper = {
  /** Goes on with this one; undefined: with none. The same again changes nothing. */
  keep(place: MirrorPlace | undefined): void;
  /** What ssh logs in with from now on. */
  agent(socket: string): void;
  /** Copies what is left, for a few seconds at most. */
  close(): Promise<void>;
};

export type MirrorKeeperSetting = {
  readonly stateDir: string;
  readonly epoch: number;
  /** The thread's file: `mirror-worker.ts` beside this one, or its bundle. */
  readonly workerUrl: URL;
  readonly agentSocket?: string;
  readonly onTrouble: (trouble: MirrorTrouble) => void;
};

export const keepMirrors = ({ stateDir, epoch, workerUrl, agentSocket, onTrouble }: MirrorKeeperSetting): MirrorKeeper => {
  let agent = agentSocket;
  let kept: MirrorPlace | undefined;
  let worker: Worker | undefined;
  let over: Promise<void> = Promise.resolve();

  const start = (place: MirrorPlace): void => {
    const workerData: MirrorStart = { stateDir, place, epoch, ...(agent !== undefined && { agentSocket: agent }) };
    // Copying a whole journal makes much that lives for a moment only: it is not let grow.
    const begun = new Worker(workerUrl, { workerData, name: 'mirror', resourceLimits: { maxYoungGenerationSizeMb: 16 } });
    worker = begun;
    begun.on('message', ({ trouble }: FromMirror) => onTrouble(trouble));
    // A bug there is no reason to end what runs here.
    begun.on('error', error => onTrouble(`${place.text}: it has stopped: ${error.message}`));
    over = new Promise(resolve => begun.once('exit', () => resolve()));
  };

  const end = (): Promise<void> => {
    worker?.postMessage({ do: 'close' } satisfies ToMirror);
    worker = undefined;
    return over;
  };

  return {
    keep(place) {
      if (place?.text === kept?.text) return;
      kept = place;
      void end().then(() => {
        if (kept !== place) return;
        onTrouble(undefined);
        if (place !== undefined) start(place);
      });
    },
    agent(socket) {
      agent = socket;
      worker?.postMessage({ do: 'agent', socket } satisfies ToMirror);
    },
    async close() {
      kept = undefined;
      await end();
    },
  };
};
