// The only place that says how long no driver was there, and whether this machine's clock was set meanwhile. Pure.

/** How long the machine has been up, sleep included: a clock that nobody can set. */
export type Uptime = {
  /** Names this boot of this machine. */
  readonly boot: string;
  readonly seconds: number;
};

/** What an earlier driver left about its time. Wall clock, ms. */
export type LastSigns = {
  /** Its newest sign of life; 0 when there was no driver before. */
  readonly lastEventAt: number;
  /** A sign of life that was dated by both clocks. */
  readonly lastBeat?: { readonly at: number; readonly uptime: Uptime };
};

/** Both ms. `clockSet`: by how much the wall clock was set since; 0 when that is not known. */
export type Absence = { readonly away: number; readonly clockSet: number };

/** Two clocks that differ by less were not set, ms. */
const tolerance = 2000;

/** On the same boot of the same machine the uptime decides, elsewhere only the wall clock can. */
export const absenceOf = ({ lastEventAt, lastBeat }: LastSigns, wall: number, uptime: Uptime | undefined): Absence => {
  if (lastEventAt === 0) return { away: 0, clockSet: 0 };
  const byWall = Math.max(0, wall - lastEventAt);
  if (lastBeat === undefined || uptime === undefined || uptime.boot === '' || uptime.boot !== lastBeat.uptime.boot)
    return { away: byWall, clockSet: 0 };
  const sinceBeat = (uptime.seconds - lastBeat.uptime.seconds) * 1000;
  const apart = wall - lastBeat.at - sinceBeat;
  const clockSet = Math.abs(apart) < tolerance ? 0 : apart;
  // Something may have happened after the beat, so the way back to it is the longest that nobody was there.
  return { away: Math.min(sinceBeat, Math.max(0, wall - clockSet - lastEventAt)), clockSet };
};
