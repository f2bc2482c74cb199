// The only place for --json: one event a line, as it happened, schema in docs/events.md.

import { countHosts, lastLineOf } from '../domain/recap.ts';
import type { State } from '../domain/run-state.ts';
import { safeJson } from '../domain/safe-line.ts';
import { isAbout, type Output, type OutputParts } from './output.ts';

/** Every event of the run as one line of JSON; a last object sums up. Scripts are left out: they may be long. */
export const ndjsonOutput = ({ write, run }: OutputParts): Output => {
  const line = (value: unknown): void => write(`${safeJson(value)}\n`);
  return {
    news(events, state) {
      for (const event of events) {
        if (!isAbout(event, run, state)) continue;
        if (event.type === 'job.requested') {
          const { script: _, ...rest } = event;
          line(rest);
        } else line(event);
      }
    },
    heartbeat(state, wall) {
      line({ type: 'run.waiting', at: wall, run, counts: countsOf(state, run) });
    },
    async ended(state) {
      const known = state.runs.get(run);
      if (known === undefined) return;
      const counts = countHosts(known, state.jobs);
      line({ type: 'run.recap', run, number: known.number, counts, text: lastLineOf(known, counts) });
    },
  };
};

const countsOf = (state: State, id: string): unknown => {
  const run = state.runs.get(id);
  return run === undefined ? undefined : countHosts(run, state.jobs);
};
