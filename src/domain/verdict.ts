// The only place for the sentences that say why a job ended the way it did.
import { failureSentence } from './failure.ts';
import type { Verdict } from './job.ts';

/** Why a job ended the way it did, for people. */
export const verdictSentence = (verdict: Verdict): string => {
  switch (verdict.kind) {
    case 'ok':
      return 'ok';
    case 'failed':
      return verdict.why ?? exitSentence(verdict.rc);
    case 'timed-out':
      return 'its time limit was reached; the host ended the whole session';
    case 'cancelled':
      return verdict.began === 'never' ? 'cancelled before it began' : 'cancelled, and verified gone';
    case 'unreachable':
      return failureSentence(verdict.failure);
    case 'lost':
      return lostSentences[verdict.why];
  }
};

const exitSentence = (rc: number): string => {
  const signal = killedBy(rc);
  return signal === undefined ? `exit status ${rc}` : `exit status ${rc}: killed by ${signal}, unless it says so itself`;
};

/**
 * The signal that a shell tells as this exit status. A program may also end so by itself: shells make no difference,
 * so it counts as failed and not as lost.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html 2.8.2 Exit Status for Commands
 */
export const killedBy = (rc: number): string | undefined => signals[rc - 128];

/** Those whose numbers are the same everywhere. */
const signals: Readonly<Record<number, string>> = {
  1: 'HUP',
  2: 'INT',
  3: 'QUIT',
  4: 'ILL',
  6: 'ABRT',
  8: 'FPE',
  9: 'KILL',
  11: 'SEGV',
  13: 'PIPE',
  14: 'ALRM',
  15: 'TERM',
};

const lostSentences = {
  reboot: 'the host rebooted while it ran; no exit status will come',
  killed: 'somebody killed it from outside; it left no exit status',
  vanished:
    'the host no longer knows it although it had begun (its folder was removed, or the host was reinstalled); it is never sent again',
  session:
    'it died with its login session: the host ends what a session leaves behind (KillUserProcesses); run `loginctl enable-linger` there',
  broken: 'its folder on the host makes no sense, so nobody can tell whether it ran; it is never sent again',
} as const;
