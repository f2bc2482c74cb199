// The only place for faults that come at a moment of their own: to hosts, to clocks, to drivers that wait, to clients.
// Each waits for the phase that its row of the table names, and is counted when it strikes.
import type { ActingHost } from './acting-host.ts';
import type { Clients } from './clients.ts';
import type { Life } from './life.ts';
import type { Scene } from './scene.ts';
import type { Timed } from './world.ts';

type Living = Scene & { readonly clients: Clients };

/** How often it looks whether its phase has come, ms, and how many times. */
const every = 400;
const patience = 150;

export const strikeAt = (living: Living, timed: Timed, left = patience): void => {
  const { fate, time } = living;
  if (fate.calm || left === 0) return;
  if (strikes(living, timed)) {
    living.tell(`${timed.cell.fault}: ${timed.cell.phase}`);
    fate.hit(timed.cell);
  } else time.after(every, () => strikeAt(living, timed, left - 1));
};

/** Does it when its phase is there; false when it is not. */
const strikes = (living: Living, { cell, dice }: Timed): boolean => {
  const { current } = living;
  switch (cell.fault) {
    case 'clock here jumps':
      return jump(living, cell.phase === 'forward' ? dice * 3 * 3_600_000 : dice * -600_000);
    case 'driver sleeps':
      return living.ledger.executions.length > 0 && isAt(current) && sleep(living, current, 1000 + dice * 1_200_000);
    case 'driver killed':
    case 'power lost':
      return cell.phase === 'while taking up' ? killTwice(living, cell.fault, dice) : killAtRest(living, cell.fault);
    case 'console leaves':
      return vanish(living, 'console');
    case 'headless client vanishes':
      return vanish(living, 'headless');
    case 'answer to a submission lost': {
      const client = isAt(current) ? living.clients.served() : undefined;
      if (client !== undefined) living.clients.submitAgain(client);
      return client !== undefined;
    }
    case 'another driver takes over':
      return takeOver(living, cell.phase, dice);
    default:
      return strikeHost(living, { cell, dice });
  }
};

const isAt = (life: Life): boolean => life.state === 'awake' && life.begun;

const jump = (living: Living, ms: number): boolean => {
  living.skew += ms;
  living.current.skew = living.skew;
  return true;
};

const sleep = ({ time }: Living, life: Life, ms: number): boolean => {
  life.sleep();
  time.after(ms, () => life.wake());
  return true;
};

const killAtRest = (living: Living, how: string): boolean => {
  const { current, hosts } = living;
  if (!isAt(current) || current.open > 0 || ![...hosts.values()].some(host => host.running().length > 0)) return false;
  current.die(how, 'while all wait');
  return true;
};

/** Counted when the second one dies. */
const killTwice = (living: Living, how: string, dice: number): boolean => {
  if (!isAt(living.current)) return false;
  living.killNext(how, dice);
  living.current.die('driver killed', 'to be taken up');
  return true;
};

const vanish = (living: Living, who: 'console' | 'headless'): boolean => {
  const client = isAt(living.current) ? living.clients.served(who) : undefined;
  const run = living.current.driver.state().runs.get(client?.run ?? '');
  if (client === undefined || run?.phase.kind !== 'going') return false;
  living.clients.vanish(client);
  return true;
};

/** The mirror is up to two seconds old. */
const takeOver = (living: Living, phase: string, dice: number): boolean => {
  const { current, time } = living;
  if (!isAt(current) || current.driver.state().runs.size === 0) return false;
  const copy = current.disk.copy();
  time.after(dice * 2000, () => {
    if (living.current !== current) return;
    if (phase === 'while the first sleeps') sleep(living, current, 5000 + dice * 60_000);
    if (phase === 'after the first died') current.die('driver killed', 'to be taken over');
    living.takeOver(copy);
  });
  return true;
};

const strikeHost = ({ hosts, ledger }: Living, { cell, dice }: Pick<Timed, 'cell' | 'dice'>): boolean => {
  const all = [...hosts.values()];
  const host = chosen(all, cell.phase, host => ledger.wasReached(host.name), dice);
  if (host === undefined || host.isDown) return false;
  const job = host.running()[0];
  switch (cell.fault) {
    case 'host reboots':
      host.reboot(2000 + dice * 120_000);
      return true;
    case 'host is reinstalled':
      host.reinstall(2000 + dice * 120_000);
      return true;
    case 'host clock jumps':
      host.jump(Math.round((dice - 0.5) * 200_000));
      return true;
    case 'host is unreachable':
      host.downUntil = host.now() + 5000 + dice * dice * 4_000_000;
      return true;
    case 'job is killed there':
      if (job !== undefined) job.killedAt = host.now();
      return job !== undefined;
    case 'supervisor is killed there':
      if (job !== undefined) job.orphanedAt ??= host.now();
      return job !== undefined;
    default:
      throw new Error(`nobody knows how to play: ${cell.fault}`);
  }
};

const chosen = (
  all: readonly ActingHost[],
  phase: string,
  wasReached: (host: ActingHost) => boolean,
  dice: number,
): ActingHost | undefined => {
  const fit = all.filter(host => {
    if (phase === 'before first contact') return !wasReached(host);
    return phase === 'while idle' ? host.running().length === 0 : host.running().length > 0;
  });
  return fit[Math.floor(dice * fit.length)];
};
