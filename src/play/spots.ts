// The only place that gathers what a task on a host may name: its run, its host's variables, who else takes part.
import type { Fleet, PlannedHost } from '../domain/event.ts';
import { taskAt } from '../domain/plan.ts';
import type { Run } from '../domain/run-state.ts';
import type { Vars } from '../domain/value.ts';
import type { Spine } from '../engine/spine.ts';
import type { KeptOut, Spot } from './ports.ts';
import { withSecrets } from './secret-vars.ts';

export class Spots {
  readonly #spine: Spine;
  readonly #keptOut: (run: string) => KeptOut | undefined;
  /** Look-ups by name, as long as what they index lives. */
  readonly #hosts = new WeakMap<Fleet, ReadonlyMap<string, PlannedHost>>();
  readonly #groups = new WeakMap<Fleet, Vars>();
  readonly #sets = new WeakMap<readonly string[], ReadonlySet<string>>();

  /** @param keptOut what the state does not hold of a run */
  constructor(spine: Spine, keptOut: (run: string) => KeptOut | undefined) {
    this.#spine = spine;
    this.#keptOut = keptOut;
  }

  /** The open task on a host, unless the host has ended it. */
  at(id: string, host: string): Spot | undefined {
    const run = this.#runWithVars(id);
    const row = run?.hosts.get(host);
    if (run?.open === undefined || row === undefined || run.phase.kind === 'ended') return undefined;
    const task = taskAt(run.plan, run.open.path);
    const planned = this.#planned(run, host);
    const batch = run.batches.at(-1);
    if (task === undefined || planned === undefined || batch === undefined) return undefined;
    if (!this.#takers(run.open.hosts).has(host)) return undefined;
    if (row.last?.path === task.path && row.last.batch === row.batch) return undefined;
    return {
      run,
      task,
      host: withSecrets(planned, this.#keptOut(id)?.hostVars?.get(host)),
      row,
      playHosts: run.plan.plays[batch.play]?.hosts ?? [],
      batchHosts: batch.hosts,
      groups: () => this.#groupsOf(run),
    };
  }

  #runWithVars(id: string): Run | undefined {
    const run = this.#spine.state.runs.get(id);
    const kept = this.#keptOut(id);
    if (run === undefined || kept === undefined) return run;
    const { extraVars, masked } = kept;
    return { ...run, ...(masked && { plan: masked.plan }), ...(extraVars && { options: { ...run.options, extraVars } }) };
  }

  #planned(run: Run, host: string): PlannedHost | undefined {
    const fleet = this.#spine.state.fleets.get(run.fleet);
    if (fleet === undefined) return undefined;
    let index = this.#hosts.get(fleet);
    if (index === undefined) {
      index = new Map(fleet.hosts.map(planned => [planned.name, planned]));
      this.#hosts.set(fleet, index);
    }
    return index.get(host);
  }

  /** Hosts by group, made once per fleet and only for a task that asks. */
  #groupsOf(run: Run): Vars {
    const fleet = this.#spine.state.fleets.get(run.fleet);
    if (fleet === undefined) return {};
    let groups = this.#groups.get(fleet);
    if (groups === undefined) {
      groups = groupsIn(fleet);
      this.#groups.set(fleet, groups);
    }
    return groups;
  }

  #takers(hosts: readonly string[]): ReadonlySet<string> {
    let takers = this.#sets.get(hosts);
    if (takers === undefined) {
      takers = new Set(hosts);
      this.#sets.set(hosts, takers);
    }
    return takers;
  }
}

const groupsIn = (fleet: Fleet): Vars => {
  const groups = new Map<string, string[]>([['all', fleet.hosts.map(({ name }) => name)]]);
  for (const host of fleet.hosts) {
    for (const group of host.groups.length === 0 ? ['ungrouped'] : host.groups) {
      groups.set(group, [...(groups.get(group) ?? []), host.name]);
    }
  }
  return Object.fromEntries(groups);
};
