// The only place for the sentences that say why a job ended the way it did.
import { failureSentence } from './failure.ts';
import type { Verdict } from './job.ts';

/** Why a job ended the way it did, for people. */
export const verdictSentence = (verdict: Verdict): string => {
  switch (verdict.kind) {
    case 'ok':
      return 'ok';
    case 'failed':
      return verdict.why ?? `exit status ${verdict.rc}`;
    case 'timed-out':
      return 'its time limit was reached; the host ended the whole session';
    case 'cancelled':
      return 'cancelled, and verified gone';
    case 'unreachable':
      return failureSentence(verdict.failure);
    case 'lost':
      return lostSentences[verdict.why];
  }
};

const lostSentences = {
  reboot: 'the host rebooted while it ran; no exit status will come',
  killed: 'somebody killed it from outside; it left no exit status',
  vanished: 'the host no longer knows it although it had begun; it is never sent again',
  session:
    'it died with its login session: the host ends what a session leaves behind (KillUserProcesses); run `loginctl enable-linger` there',
} as const;
