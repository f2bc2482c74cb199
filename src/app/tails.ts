// The only place that brings the output of jobs onto the screen: names the jobs watched, fetches what is new, keeps a bounded tail.
// Bytes pass the sanitiser here, before anything else sees them.
import type { EventOf } from '../domain/event.ts';
import type { Jid, OutputStream } from '../domain/job.ts';
import { makeSanitiser, type SafeLine, type Sanitiser } from '../domain/safe-line.ts';
import type { Link } from '../driver/protocol.ts';
import type { Tail } from './console-state.ts';

/** Lines kept of one job; more when its whole log was asked for: a longer one is read part by part. */
const keptLines = 2000;
const keptWhole = 300_000;
/** Bytes fetched from the end when a job is looked at first, and in one piece. */
const firstBytes = 32_768;
const pieceBytes = 65_536;
/** Jobs whose tails are kept after they are no longer looked at. */
const keptTails = 300;

type Stream = { sanitiser: Sanitiser; offset: number; known: number };
type Feed = {
  readonly streams: Record<OutputStream, Stream>;
  lines: { stream: OutputStream; text: SafeLine }[];
  /** `part`: from the first line on, as much as is kept. */
  readonly shows: 'end' | 'part';
  before: Tail['before'];
  first: number;
  after: Tail['after'];
  fetching: 'no' | 'yes';
};

/** Keeps tails for what is on the screen. */
export type Tails = {
  /** The jobs on the screen; asks for their tails when they are new. */
  watch(jids: readonly Jid[]): void;
  /** Fetches the outputs of these jobs once, a few at a time. */
  glance(jids: readonly Jid[]): void;
  /** More output is known of a job. */
  grown(event: EventOf<'job.output'>): void;
  /** Loads the log of a job from its first byte; where it is longer than what is kept: the part that follows, after the last one the first. */
  loadWhole(jid: Jid): void;
  /** Back to the end of a log of which an earlier part was loaded. */
  loadEnd(jid: Jid): void;
  /** The driver is another one: everything is asked again. */
  forget(): void;
};

/** Makes the tails. `into` is where views read them; `changed` is called when one has grown. */
export const makeTails = (link: Link, into: Map<Jid, Tail>, changed: (jid: Jid) => void, mostWhole = keptWhole): Tails => {
  const feeds = new Map<Jid, Feed>();
  let watched: readonly Jid[] = [];
  const glances: Jid[] = [];
  let glancing = 0;

  const feedOf = (jid: Jid): Feed => {
    const known = feeds.get(jid);
    if (known !== undefined) {
      // Most recently used last.
      feeds.delete(jid);
      feeds.set(jid, known);
      return known;
    }
    const feed = freshFeed('end');
    feeds.set(jid, feed);
    for (const old of feeds.keys()) {
      if (feeds.size <= keptTails) break;
      if (watched.includes(old)) continue;
      feeds.delete(old);
      into.delete(old);
    }
    return feed;
  };

  const fetchNew = async (jid: Jid, feed: Feed): Promise<void> => {
    if (feed.fetching === 'yes' || isFull(feed)) return;
    feed.fetching = 'yes';
    try {
      for (const name of ['out', 'err'] as const) {
        let got: Awaited<ReturnType<typeof fetchPiece>> = 'more';
        while (feeds.get(jid) === feed && got === 'more' && !isFull(feed)) got = await fetchPiece(jid, feed, name);
        // Nobody answers: the next event or another driver asks again, not this loop.
        if (got === 'nothing') return;
        if (got === 'more' && isFull(feed)) break;
      }
    } finally {
      feed.fetching = 'no';
      if (feeds.get(jid) === feed && feed.shows === 'part') {
        feed.after = isFull(feed) ? 'more' : 'nothing';
        show(jid, feed);
      }
    }
    if (isFull(feed)) return;
    if (feeds.get(jid) === feed && (feed.streams.out.known > feed.streams.out.offset || feed.streams.err.known > feed.streams.err.offset))
      await fetchNew(jid, feed);
  };

  /** As many lines as are kept: the operator says when the next ones take their place. */
  const isFull = ({ shows, lines }: Feed): boolean => shows === 'part' && lines.length >= mostWhole;

  const fetchPiece = async (jid: Jid, feed: Feed, name: OutputStream): Promise<'more' | 'all' | 'nothing'> => {
    const stream = feed.streams[name];
    const answer = await link.ask<'output'>({ verb: 'output', jid, stream: name, from: stream.offset, most: pieceBytes });
    if (!answer.ok) return 'nothing';
    if (feeds.get(jid) !== feed || feed.streams[name] !== stream) return 'all';
    const bytes = fromBase64(answer.value.base64);
    if (stream.offset < 0 && answer.value.from > 0) feed.before = 'more';
    // The first line of a tail is only the end of one, unless the tail begins at the beginning.
    const isTorn = stream.offset < 0 && answer.value.from > 0;
    stream.offset = answer.value.from + bytes.length;
    stream.known = Math.max(stream.known, answer.value.size);
    const lines = stream.sanitiser.push(bytes);
    for (const text of isTorn ? lines.slice(1) : lines) feed.lines.push({ stream: name, text });
    if (feed.shows === 'end' && feed.lines.length > keptLines) {
      feed.lines.splice(0, feed.lines.length - keptLines);
      feed.before = 'more';
    }
    show(jid, feed);
    return bytes.length > 0 && stream.offset < answer.value.size ? 'more' : 'all';
  };

  const show = (jid: Jid, feed: Feed): void => {
    // A line that goes on in the next part is shown there.
    const streams: readonly OutputStream[] = feed.after === 'more' ? [] : ['out', 'err'];
    const open = streams.flatMap(stream => {
      const text = feed.streams[stream].sanitiser.partial();
      return text === '' ? [] : [{ stream, text }];
    });
    const { before, first, after } = feed;
    into.set(jid, { lines: [...feed.lines, ...open], before, first, after });
    changed(jid);
  };

  const nextGlance = (): void => {
    while (glancing < 4) {
      const jid = glances.shift();
      if (jid === undefined) return;
      glancing += 1;
      void fetchNew(jid, feedOf(jid)).finally(() => {
        glancing -= 1;
        nextGlance();
      });
    }
  };

  return {
    watch: jids => {
      if (jids.length === watched.length && jids.every((jid, at) => watched[at] === jid)) return;
      watched = jids;
      void link.ask<'watch'>({ verb: 'watch', jids });
      for (const jid of jids) void fetchNew(jid, feedOf(jid));
    },
    glance: jids => {
      for (const jid of jids) if (!feeds.has(jid) && !glances.includes(jid) && feeds.size + glances.length < keptTails) glances.push(jid);
      nextGlance();
    },
    grown: event => {
      const feed = feeds.get(event.jid);
      if (feed === undefined) return;
      feed.streams[event.stream].known = Math.max(feed.streams[event.stream].known, event.from + event.length);
      void fetchNew(event.jid, feed);
    },
    loadWhole: jid => {
      const known = feeds.get(jid);
      if (known?.shows === 'part' && (known.after === 'coming' || (known.after === 'nothing' && known.first === 0))) return;
      if (known?.shows === 'part' && known.after === 'more') {
        known.first += known.lines.length;
        known.lines = [];
        known.before = 'more';
        known.after = 'coming';
        return void fetchNew(jid, known);
      }
      const feed = freshFeed('part');
      feeds.set(jid, feed);
      void fetchNew(jid, feed);
    },
    loadEnd: jid => {
      const known = feeds.get(jid);
      if (known?.shows !== 'part' || known.after === 'nothing') return;
      feeds.delete(jid);
      void fetchNew(jid, feedOf(jid));
    },
    forget: () => {
      feeds.clear();
      glances.length = 0;
      watched = [];
    },
  };
};

const freshFeed = (shows: Feed['shows']): Feed => ({
  streams:
    shows === 'end' ? { out: freshStream(-firstBytes), err: freshStream(-firstBytes) } : { out: freshStream(0), err: freshStream(0) },
  shows,
  lines: [],
  before: 'nothing',
  first: 0,
  after: shows === 'end' ? 'nothing' : 'coming',
  fetching: 'no',
});

const freshStream = (offset: number): Stream => ({ sanitiser: makeSanitiser(), offset, known: 0 });

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), ch => ch.charCodeAt(0));
