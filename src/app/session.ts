// The only place that holds a console together: the driver's pushes come in, keys come in, one store goes out to whoever draws.
// It owns the data and the two timers there are: one that gathers changes into frames, one that counts down while something does.
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Event, Fleet, Sighting } from '../domain/event.ts';
import { describeFailure, failureSentence } from '../domain/failure.ts';
import type { Jid } from '../domain/job.ts';
import { reduce, reduceSighting } from '../domain/reduce.ts';
import type { Link, Push } from '../driver/protocol.ts';
import { type Console, type Data, emptyData, firstView, type Setting, type View } from './console-state.ts';
import { showQuestions } from './dialogs/answer.ts';
import { eventWords } from './event-words.ts';
import { farewellOf } from './farewell.ts';
import type { ChooseHosts, Hands, PlanAdoption, PlanTask } from './hands.ts';
import { runCounts } from './host-view.ts';
import { hostsScreen } from './hosts-screen.ts';
import { handleChunk, handlePaste } from './keymap.ts';
import { makeTails } from './tails.ts';
import { handUnderCursor } from './targets.ts';
import { tickEvery, typedCommands, visibleLooks, wantedTails } from './wants.ts';
import { notWell } from './words.ts';

/** Time, as the engine has it; tests own it. */
export type Clock = { now(): number; wall(): number; after(delay: number, fire: () => void): () => void };

/** What a console needs. */
export type SessionParts = {
  readonly link: Link;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly chooseHosts: ChooseHosts;
  readonly planTask: PlanTask;
  readonly planAdoption: PlanAdoption;
  /** What brings the operator back: `npm start`, `rollcall`. */
  readonly comeBack: string;
  /** Seconds that a typed task may run. */
  readonly limit: number;
};

/** A console without a screen. */
export type Session = {
  readonly store: StoreApi<Console>;
  /** All keys of one chunk, as the keymap names them. */
  keys(chunk: readonly string[]): void;
  paste(text: string): void;
  resize(columns: number, rows: number): void;
  /** Calls when the terminal itself must do something; one listener. */
  onTerminal(listener: (what: 'redraw' | 'suspend') => void): void;
  /** A failure of the screen itself, shown in the hint row. */
  trouble(what: string): void;
  /** Draws the same once more. */
  redraw(): void;
  readonly chooseHosts: ChooseHosts;
  /** Holds the process while it is stopped and nothing else does; the returned function lets it go. */
  stayAlive(): () => void;
  /** Resolves when the operator leaves. */
  readonly left: Promise<{ readonly farewell: string }>;
  /** Disarms every timer and lets the line go. */
  close(): void;
};

/** Milliseconds that a toast stands where the keys are told. */
const toastStays = 6000;

/** Events told in the Events tab. */
const keptEvents = 500;

/** Makes a session on a link; the first snapshot fills it. */
export const makeSession = (parts: SessionParts): Session => {
  const { clock, fleet, link } = parts;
  const data: Data = emptyData();
  const setting: Setting = { fleet, comeBack: parts.comeBack, limit: parts.limit, driverPid: parts.link.status.pid };
  const store = createStore<Console>(() => ({ setting, data, view: firstView(fleet, 80, 24), wall: clock.wall(), frame: 0 }));
  const typed: string[] = [];
  let chunk = 0;
  let chunkAt = 0;
  let lastInterrupt = Number.NEGATIVE_INFINITY;
  let flush: (() => void) | undefined;
  let tick: (() => void) | undefined;
  let toastEnds: (() => void) | undefined;
  let tickDelay: number | undefined;
  let askTerminal: (what: 'redraw' | 'suspend') => void = () => {};
  let isClosed = false;
  const leaving = Promise.withResolvers<{ readonly farewell: string }>();

  const draw = (view?: View): void => {
    if (isClosed) return;
    flush?.();
    flush = undefined;
    store.setState(old => ({ view: view ?? old.view, wall: clock.wall(), frame: old.frame + 1 }));
    const wanted = wantedTails(store.getState());
    tails.watch(wanted.watch);
    tails.glance(wanted.glance);
    armTick();
  };

  /** One frame for all that changes within a moment; a key does not wait for it. */
  const soon = (): void => {
    if (isClosed || flush !== undefined) return;
    const { columns, rows } = store.getState().view;
    flush = clock.after(columns * rows <= 120 * 40 ? 100 : 250, () => {
      flush = undefined;
      draw();
    });
  };

  const armTick = (): void => {
    const delay = tickEvery(store.getState());
    if (delay === tickDelay && tick !== undefined) return;
    tick?.();
    tick = undefined;
    tickDelay = delay;
    if (delay === undefined || isClosed) return;
    tick = clock.after(delay, () => {
      tick = undefined;
      draw();
    });
  };

  const tails = makeTails(link, data.tails, jid => {
    data.version += 1;
    if (wantedTails(store.getState()).watch.includes(jid) || store.getState().view.tab === 'output') soon();
  });

  const onPush = (push: Push): void => {
    switch (push.kind) {
      case 'snapshot':
        data.state = push.state;
        data.jobsOf.clear();
        for (const job of push.state.jobs.values()) noteJob(data, job.host, job.jid);
        data.link = 'up';
        // The link is the same, what answers at its other end may be another driver.
        store.setState(old => ({ setting: { ...old.setting, driverPid: link.status.pid } }));
        tails.forget();
        break;
      case 'events':
        // Both are taken in, whatever the first says: a push often brings the two together.
        if (![takeEvents(push.events), takeSightings(push.sightings)].includes(true)) return;
        break;
      case 'banner':
        if (push.failure === undefined) delete data.banner;
        else data.banner = push.failure;
        break;
      case 'questions':
        data.questions = push.questions;
        showQuestions(hands, clock.now());
        break;
      case 'gone':
        data.link = 'gone';
        data.questions = [];
        break;
      case 'turned-down':
        return;
    }
    data.version += 1;
    soon();
  };

  const takeEvents = (events: readonly Event[]): boolean => {
    for (const event of events) {
      reduce(data.state, event);
      data.version += 1;
      if (event.type === 'job.requested' || event.type === 'job.adopted') noteJob(data, event.host, event.jid);
      if (event.type === 'job.output') tails.grown(event);
      if (event.type === 'run.ended') hands.toast(endedWords(data, event.run));
      const words = eventWords(event, data.state);
      if (words !== undefined) data.happened.push({ at: event.at, text: words });
    }
    if (data.happened.length > keptEvents) data.happened.splice(0, data.happened.length - keptEvents);
    return events.length > 0;
  };

  /** Looks that found nothing new change ages and countdowns only, so they matter where those are on the screen. */
  const takeSightings = (sightings: readonly Sighting[]): boolean => {
    const visible = visibleLooks(store.getState());
    let changed = false;
    for (const sighting of sightings) {
      const slots = data.state.slots;
      reduceSighting(data.state, sighting);
      if (sighting.type === 'slots.seen')
        changed ||= slots.open !== sighting.open || slots.forks !== sighting.forks || slots.behind !== sighting.behind;
      else changed ||= sighting.type === 'ways.seen' || visible(sighting.jid);
    }
    return changed;
  };

  const hands: Hands = {
    see: () => store.getState(),
    set: change => store.setState(old => ({ view: { ...old.view, ...change } })),
    toast: text => {
      toastEnds?.();
      toastEnds = text === '' || isClosed ? undefined : clock.after(toastStays, () => draw({ ...store.getState().view, toast: '' }));
      hands.set({ toast: text });
    },
    open: mode => hands.set({ modes: [...store.getState().view.modes, mode] }),
    swap: mode => hands.set({ modes: [...store.getState().view.modes.slice(0, -1), mode] }),
    close: () => hands.set({ modes: store.getState().view.modes.slice(0, -1) }),
    opened: () => ({ at: chunkAt, chunk }),
    ask: (ask, told) => {
      void link.ask(ask).then(answer => {
        hands.toast(answer.ok ? told(answer.value) : `${describeFailure(answer.failure).what}: ${answer.failure.cause}`);
        draw();
      });
    },
    submit: task => {
      typed.unshift(task.command);
      // Whoever starts something wants to see it, not the older run that was chosen before.
      const { focus: _, ...view } = store.getState().view;
      store.setState({ view });
      hands.ask<'submit'>(parts.planTask(task), answer =>
        answer.joined === 'yes' ? `joined run ${answer.number}, which is under way` : `run ${answer.number} is queued`,
      );
    },
    adopt: (hosts, become, { told, failed }) => {
      void link.ask(parts.planAdoption(hosts, become)).then(answer => {
        if (answer.ok) hands.toast(told(answer.value));
        else failed(failureSentence(answer.failure));
        draw();
      });
    },
    chooseHosts: parts.chooseHosts,
    typedBefore: () => typedCommands(store.getState(), typed),
    loadWhole: () => {
      for (const jid of wantedTails(store.getState()).watch) tails.loadWhole(jid);
    },
    loadEnd: () => {
      for (const jid of wantedTails(store.getState()).watch) tails.loadEnd(jid);
    },
    leave: () => leaving.resolve({ farewell: farewellOf(store.getState()) }),
    terminal: what => askTerminal(what),
  };

  const unlisten = link.onPush(onPush);
  return {
    store,
    keys: keys => {
      chunk += 1;
      chunkAt = clock.now();
      if (keys.includes('ctrl-c')) {
        if (chunkAt - lastInterrupt <= 1000 || keys.filter(key => key === 'ctrl-c').length > 1) hands.leave();
        lastInterrupt = chunkAt;
      }
      store.setState(() => ({ wall: clock.wall() }));
      handleChunk(keys, hands);
      keepCursor(hands);
      draw();
    },
    paste: text => {
      handlePaste(text, hands);
      draw();
    },
    resize: (columns, rows) => draw({ ...store.getState().view, columns, rows }),
    onTerminal: listener => {
      askTerminal = listener;
    },
    trouble: what => {
      hands.toast(what);
      draw();
    },
    redraw: () => draw(),
    chooseHosts: parts.chooseHosts,
    stayAlive: () => clock.after(1_000_000_000, () => {}),
    left: leaving.promise,
    close: () => {
      isClosed = true;
      unlisten();
      flush?.();
      tick?.();
      toastEnds?.();
    },
  };
};

const noteJob = (data: Data, host: string, jid: Jid): void => {
  const jids = data.jobsOf.get(host);
  if (jids === undefined) data.jobsOf.set(host, [jid]);
  else if (!jids.includes(jid)) jids.push(jid);
};

/** The cursor stays on a host that is shown, and the window where it was. */
const keepCursor = (hands: Hands): void => {
  const { grid } = hostsScreen(hands.see());
  const { cursor, top } = hands.see().view;
  const first = grid.shown[0];
  const isShown = grid.shown.some(view => view.name === cursor);
  if (!isShown && first !== undefined) hands.set({ cursor: first.name });
  if (grid.top !== top) hands.set({ top: grid.top });
  if (hands.see().view.hand !== '' && handUnderCursor(hands.see()) === undefined) hands.set({ hand: '' });
};

/** A run that ends is told wherever the operator is: the next one may have taken its place on the screen. */
const endedWords = (data: Data, id: string): string => {
  const run = data.state.runs.get(id);
  if (run === undefined) return '';
  const counts = runCounts(data, run);
  const rest = notWell(counts);
  return `run ${run.number} ended: ${counts.kinds.get('ok') ?? 0} of ${counts.hosts} ok${rest === '' ? '' : `, ${rest}`}`;
};
