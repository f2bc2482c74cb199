// The only place that says on a screen what is in the way to the hosts of the fleet: jump hosts that are away, gates that are spared.
import type { Fleet, Ways } from '../domain/event.ts';
import { safeText } from '../domain/safe-line.ts';
import { allWell, waysOf, whyAway } from '../domain/ways.ts';
import type { Console } from './console-state.ts';
import { counted, until } from './words.ts';

/** Of the fleet on the screen. */
const waysHere = ({ data, setting }: Console): Ways => {
  const { ways } = data.state;
  const known = kept.get(setting.fleet);
  if (known?.of === ways) return known.here;
  const here = ways === allWell ? allWell : waysOf(ways, setting.fleet.hosts);
  kept.set(setting.fleet, { of: ways, here });
  return here;
};

/** One frame asks several times. */
const kept = new WeakMap<Fleet, { readonly of: Ways; readonly here: Ways }>();

/** `jump host bastion1 away: next try in 40s`; undefined when nothing is in the way. */
export const waysWords = (console: Console): string | undefined => {
  const { away, slowed } = waysHere(console);
  const [first] = away.toSorted((a, b) => a.nextTryAt - b.nextTryAt);
  if (first !== undefined) {
    const who = away.length === 1 ? `jump host ${safeText(first.name)} away` : `${counted(away.length, 'jump host')} away`;
    return `${who}: next try ${until(console.wall, first.nextTryAt)}`;
  }
  const [gate] = slowed;
  if (gate === undefined) return undefined;
  const more = slowed.length === 1 ? '' : ` and ${slowed.length - 1} more`;
  return `handshakes with ${safeText(gate.gate)}${more} slowed: ${gate.handshakes} at once`;
};

/** When somebody who is in the way is tried next, our wall clock in ms. */
export const nextTryHere = (console: Console): number | undefined => {
  const { away } = waysHere(console);
  return away.length === 0 ? undefined : Math.min(...away.map(({ nextTryAt }) => nextTryAt));
};

/** Why nothing begins on a host that did not answer several times. */
export const awayWords = ({ data, wall }: Console, host: string): string | undefined => {
  const away = data.state.ways.away.find(({ kind, name }) => kind === 'host' && name === host);
  return away === undefined ? undefined : `${whyAway(away)}, ${away.tries} times: next try ${until(wall, away.nextTryAt)}`;
};
