// The only place that says what is told to a host over an open line, and in which order: acts, looks, surveys, one start after another.
// It knows neither how lines are had nor what an answer means.
import { cleanOver } from './clean.ts';
import type { Desk } from './desk.ts';
import type { Place } from './places.ts';
import { answerWaitedFor, type Line } from './ports.ts';
import { sharedOut } from './requests.ts';
import type { Start } from './start-queue.ts';

/** What a conversation needs of whoever has it. */
export type Talker = {
  readonly desk: Desk;
  /** How long a start may stay on the line now, ms. */
  linger(): number;
  /** It comes again when somebody has answered; without a question, when its run goes on. */
  park(start: Start, what?: string): void;
};

/** Says what there is to say; false when the line is of no use any more. */
export const converse = async (place: Place, line: Line, { desk, linger, park }: Talker): Promise<boolean> => {
  for (;;) {
    const act = place.acts.shift();
    if (act?.kind === 'clean') {
      if (!(await cleanOver(line, act))) return false;
      continue;
    }
    if (act !== undefined) {
      const answer = act.kind === 'cancel' ? await line.cancel(act.there, act.grace, act.at) : await line.extend(act.there, act.limit);
      await desk.acted(act, answer);
      if (!answer.ok) return false;
      continue;
    }
    if (place.looks.size > 0) {
      const asked = [...place.looks];
      place.looks.clear();
      const requests = sharedOut(asked.flatMap(jid => desk.lookRequest(jid) ?? []));
      if (requests.length === 0) continue;
      const reports = await line.look(requests);
      await desk.looked(asked, reports);
      if (!reports.ok) return false;
      continue;
    }
    const survey = place.surveys.shift();
    if (survey !== undefined) {
      const found = await line.survey(survey.accounts);
      survey.done(found);
      if (!found.ok) return false;
      continue;
    }
    const start = place.starts.shift();
    if (start === undefined) return true;
    // While the line was made its run may have been paused or aborted; what may have been sent before is sent again all the same.
    if (start.stage !== 'sent' && !desk.isGoing(start.run)) {
      park(start);
      continue;
    }
    const reply = await line.start(desk.startRequest(start, linger()));
    const what = reply.ok ? undefined : answerWaitedFor(reply.failure);
    if (what !== undefined) {
      park(start, what);
      continue;
    }
    await desk.answered(start, reply);
    if (!reply.ok) return false;
  }
};
