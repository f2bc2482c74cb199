// The only place that says what an event does to one job's row.
import type { Base, JobFact } from './event.ts';
import type { Job, JobState, OnHost } from './job.ts';
import type { JobOrder } from './run-state.ts';

/** Events about a job that was requested before. */
export type JobEvent = Base & JobFact;

/** The job's row after the event. `order` is what its request said. */
export const jobAfter = (job: Job, event: JobEvent, order: JobOrder | undefined): Job => {
  switch (event.type) {
    case 'job.started':
      return {
        ...job,
        state: {
          kind: order?.mode === 'let-go' ? 'let-go' : 'running',
          on: event.on,
          seenAt: event.at,
        },
      };
    case 'job.joined':
      return joinedTo(job, event.other);
    case 'job.output':
      return {
        ...job,
        lastLine: event.lastLine === '' ? job.lastLine : event.lastLine,
        output:
          event.stream === 'out'
            ? { ...job.output, out: event.from + event.length, outThere: event.there, dropped: event.dropped }
            : { ...job.output, err: event.from + event.length, errThere: event.there, dropped: event.dropped },
      };
    case 'job.waiting': {
      const on = onHostOf(job.state);
      return on === undefined ? job : { ...job, state: { kind: 'waiting', on, seenAt: event.at, for: event.for, since: event.at } };
    }
    case 'job.answered': {
      const on = onHostOf(job.state);
      return on === undefined
        ? job
        : {
            ...job,
            state: { kind: order?.mode === 'let-go' ? 'let-go' : 'running', on, seenAt: event.at },
          };
    }
    case 'job.fell-silent': {
      const on = onHostOf(job.state);
      return {
        ...job,
        state: {
          kind: 'stale',
          ...(on !== undefined && { on }),
          seenAt: seenAtOf(job.state),
          since: event.at,
          failure: event.failure,
          tries: 1,
        },
      };
    }
    case 'job.cancel-asked':
      return { ...job, cancelAsked: { at: event.at, by: event.by?.user ?? '' } };
    case 'job.extend-asked':
      return { ...job, extendAsked: { at: event.at, limit: event.limit } };
    case 'job.extended': {
      const { extendAsked: _, ...rest } = job;
      const on = onHostOf(job.state);
      return on === undefined || job.state.kind === 'ended' || job.state.kind === 'starting'
        ? job
        : { ...rest, state: { ...job.state, on: { ...on, limit: event.limit } } };
    }
    case 'job.ended': {
      const on = onHostOf(job.state);
      const { nextLookAt: _, extendAsked: __, ...rest } = job;
      return {
        ...rest,
        state: { kind: 'ended', verdict: event.verdict, at: event.at, ...(on !== undefined && { on }) },
      };
    }
  }
};

const joinedTo = ({ follows: _, ...own }: Job, other: Job['jid']): Job => (other === own.jid ? own : { ...own, follows: other });

/** What the host told about it, once it has begun. */
export const onHostOf = (state: JobState): OnHost | undefined => (state.kind === 'starting' ? undefined : state.on);

const seenAtOf = (state: JobState): number => (state.kind === 'starting' || state.kind === 'ended' ? state.at : state.seenAt);
