// The only place that shares connections to jump hosts: one for each chain of logins, however many hosts are behind it.
// It counts who is behind each and lets go of it after the last; it knows neither how hands are shaken nor what a job is.
import { ok, type Result } from '../domain/result.ts';
import type { Address, SharedHops } from '../remote/ports.ts';
import { dial } from './dial.ts';
import type { Fails } from './failures.ts';
import type { Link } from './handshake.ts';
import { behind, type Reach, through } from './jump.ts';

/** What sharing needs to be told. Times in ms. */
export type HopsParts = {
  /** Logs in to one jump host over what reaches it; when it fails, its socket has closed. */
  readonly open: (hop: Address, reach: Reach, fails: Fails) => Promise<Result<Link>>;
  /** How long a connection with nobody behind it is kept for the next. */
  readonly persist: number;
  /** Time for a polite farewell; then the socket is destroyed. */
  readonly farewell: number;
};

/** A way to what is behind jump hosts. */
export type Way = {
  readonly reach: Reach;
  /** The link that was made over it, as one that breaks with its jump host. */
  readonly carried: (link: Link) => Link;
  /** To be called when whatever was reached through it has closed. */
  readonly done: () => void;
};

export type Hops = SharedHops & {
  /** Goes through jump hosts, in the order of passing; what is open already is shared. @failure what `open` says, naming the hop */
  through(via: readonly Address[], fails: Fails): Promise<Result<Way>>;
};

type Hop = {
  readonly opened: Promise<Result<Link>>;
  /** Settles when its socket has closed. */
  readonly closed: Promise<void>;
  link: Link | undefined;
  /** Hosts and further jump hosts behind it, those on their way included. */
  behind: number;
  phase: 'used' | 'closing';
  timer: NodeJS.Timeout | undefined;
};

export const makeHops = ({ open, persist, farewell }: HopsParts): Hops => {
  const hops = new Map<string, Hop>();
  const names = new Map<string, string>();
  const listeners = new Set<(hop: string) => void>();

  /** The chain and every login on it: whoever logs in otherwise, or checks keys otherwise, shares nothing. Agents come and go. */
  const nameOf = (via: readonly Address[]): string => {
    const name = JSON.stringify(via, (key, value: unknown) => (key === 'agentSocket' ? undefined : value));
    const known = names.get(name);
    if (known === undefined) names.set(name, name);
    return known ?? name;
  };

  const tell = (name: string): void => {
    for (const listener of listeners) listener(name);
  };

  const begin = (name: string, via: readonly Address[], fails: Fails): Hop => {
    let tellClosed: () => void = () => {};
    const closed = new Promise<void>(resolve => {
      tellClosed = resolve;
    });
    const over = (): void => {
      clearTimeout(hop.timer);
      hops.delete(name);
      tellClosed();
      tell(name);
    };
    const reachIt = async (): Promise<Result<Link>> => {
      const before = await go(via.slice(0, -1), fails);
      const last = via.at(-1) as Address;
      const failsHere: Fails = (tag, cause, facts) =>
        fails(tag, `jump host ${last.name}: ${cause}`, { ...facts, hop: last.name, passed: via.length - 1 });
      const link = before.ok ? await open(last, before.value.reach, failsHere) : before;
      const end = (): void => {
        if (before.ok) before.value.done();
        over();
      };
      if (!before.ok || !link.ok) {
        end();
        return link;
      }
      hop.link = before.value.carried(link.value);
      void hop.link.closed.then(end);
      tell(name);
      return ok(hop.link);
    };
    // Nobody is kept waiting for a hop that is not in the map yet.
    const opened = Promise.resolve().then(reachIt);
    const hop: Hop = { opened, closed, link: undefined, behind: 0, phase: 'used', timer: undefined };
    hops.set(name, hop);
    return hop;
  };

  const close = (hop: Hop): void => {
    if (hop.phase === 'closing' || hop.link === undefined) return;
    const { link } = hop;
    hop.phase = 'closing';
    clearTimeout(hop.timer);
    link.client.end();
    hop.timer = setTimeout(() => link.cut('it did not close in time'), farewell);
  };

  const leave = (hop: Hop): void => {
    hop.behind -= 1;
    if (hop.behind > 0 || hop.link === undefined || hop.link.isDear === true) return;
    if (persist === 0) close(hop);
    else if (hop.phase === 'used') hop.timer = setTimeout(() => close(hop), persist).unref();
  };

  const go = async (via: readonly Address[], fails: Fails): Promise<Result<Way>> => {
    if (via.length === 0) return ok({ reach: dial, carried: link => link, done: () => {} });
    const name = nameOf(via);
    let hop = hops.get(name);
    // Two of one name would be two connections where one is counted.
    while (hop !== undefined && isGoing(hop)) {
      await hop.closed;
      hop = hops.get(name);
    }
    const shared = hop ?? begin(name, via, fails);
    shared.behind += 1;
    clearTimeout(shared.timer);
    const link = await shared.opened;
    if (!link.ok) return link;
    let isDone = false;
    return ok({
      carried: own => behind(link.value, own),
      reach: through(link.value, (via.at(-1) as Address).name),
      done: () => {
        if (isDone) return;
        isDone = true;
        leave(shared);
      },
    });
  };

  return {
    through: async (via, fails) => {
      const way = await go(via, fails);
      // Whoever opened it has given the failure its own name.
      return way.ok ? way : { ok: false, failure: { ...way.failure, ...hostOf(fails) } };
    },
    of: ({ via = [] }) => via.map((_, at) => nameOf(via.slice(0, at + 1))),
    stateOf: name => {
      const hop = hops.get(name);
      if (hop === undefined) return 'none';
      if (hop.link === undefined) return 'opening';
      return isGoing(hop) ? 'closing' : 'open';
    },
    isDear: name => hops.get(name)?.link?.isDear === true,
    close: name => {
      const hop = hops.get(name);
      if (hop?.behind === 0) close(hop);
    },
    onChange: listener => void listeners.add(listener),
  };
};

/** Nothing new can be reached through it, and it may still be open. */
const isGoing = ({ phase, link }: Hop): boolean => phase === 'closing' || link?.isOver() === true;

const hostOf = (fails: Fails): { readonly host?: string } => {
  const { host } = fails('connection-lost', '');
  return host === undefined ? {} : { host };
};
