// The only place for `rollcall clean`: removes what is over and whole here, and tells what went.
import { failureSentence } from '../../domain/failure.ts';
import { fold } from '../../domain/nodeset.ts';
import { noHostsMatched, selectHosts } from '../../domain/pattern.ts';
import { fail, ok, type Result } from '../../domain/result.ts';
import { safeJson } from '../../domain/safe-line.ts';
import type { Cleaned, CleanedHost } from '../../driver/protocol.ts';
import type { RunFlags } from '../flags.ts';
import { placeOf } from '../place.ts';
import { reach } from '../reach.ts';
import { stateDirOf, type World } from '../world.ts';
import { firstState } from './look.ts';

type CleanFlags = RunFlags & { readonly check?: boolean; readonly dryRun?: boolean };

/**
 * `rollcall clean [PATTERN] [-C]`: on the hosts of the runs in the journal, or on those of a pattern. Ends with 4 when a
 * host did not answer.
 */
export const cleanVerb = async (world: World, pattern: string | undefined, flags: CleanFlags): Promise<Result<number>> => {
  const hosts = await hostsMeant(world, pattern, flags);
  if (!hosts.ok) return hosts;
  const link = await reach(world, stateDirOf(world, flags.state), 'command');
  if (!link.ok) return link;
  try {
    await firstState(link.value);
    const mode = flags.check === true || flags.dryRun === true ? 'dry' : 'clean';
    const cleaned = await link.value.ask({ verb: 'clean', mode, ...(hosts.value !== undefined && { hosts: hosts.value }) });
    if (!cleaned.ok) return cleaned;
    if (flags.json === true) world.write(`${safeJson(cleaned.value)}\n`);
    else for (const line of cleanedLines(cleaned.value, mode)) world.write(`${line}\n`);
    return ok(cleaned.value.there.some(({ failure }) => failure !== undefined) ? 4 : 0);
  } finally {
    link.value.close();
  }
};

/** Undefined: all hosts of the journal's runs. */
const hostsMeant = async (world: World, pattern: string | undefined, flags: CleanFlags): Promise<Result<readonly string[] | undefined>> => {
  if (pattern === undefined && flags.limit === undefined && flags.inventory === undefined && flags.practice === undefined)
    return ok(undefined);
  const place = await placeOf(world, flags);
  if (!place.ok) return place;
  const chosen = selectHosts(place.value.inventory, pattern ?? 'all', flags.limit);
  if (!chosen.ok) return chosen;
  for (const warning of [...place.value.warnings, ...chosen.value.warnings]) world.say(warning);
  return chosen.value.hosts.length === 0
    ? fail(noHostsMatched(place.value.inventory, pattern ?? 'all', flags.limit))
    : ok(chosen.value.hosts);
};

/** The hosts folded, folders and bytes in sums; what stays, with why. */
export const cleanedLines = ({ there, here, events }: Cleaned, mode: 'clean' | 'dry'): readonly string[] => {
  const lines: string[] = [];
  const would = mode === 'dry' ? 'would be removed' : 'removed';
  const emptied = there.filter(({ jobs }) => jobs > 0);
  if (emptied.length > 0) {
    const jobs = sumOf(emptied, host => host.jobs);
    const bytes = sumOf(emptied, host => host.bytes);
    lines.push(`${would} on ${where(emptied)}: ${count(jobs, 'job folder')}, ${bytesWords(bytes)} of output or more`);
  }
  const byWhy = Map.groupBy(
    there.filter(({ failure }) => failure !== undefined),
    ({ failure, host }) =>
      failureSentence({ ...failure!, host: '' })
        .replace(/^: /, '')
        .replaceAll(host, 'HOST'),
  );
  for (const [why, hosts] of byWhy)
    lines.push(
      `not removed on ${where(hosts)}: ${count(
        sumOf(hosts, ({ left }) => left),
        'job folder',
      )}: ${why}`,
    );
  const kept = there.filter(({ left, failure }) => left > 0 && failure === undefined);
  if (kept.length > 0)
    lines.push(
      `kept by ${where(kept)}: ${count(
        sumOf(kept, ({ left }) => left),
        'job folder',
      )}, which the host does not count as ended`,
    );
  if (here.jobs > 0)
    lines.push(`${would} here: output of ${count(here.jobs, 'job')}, ${bytesWords(here.bytes)}, past 30 days or beyond 5 GiB`);
  if (events > 0) lines.push(`removed from the journal: ${count(events, 'event')} of runs older than 400 days`);
  return lines.length === 0 ? ['nothing is to be removed: what is left is open, outstanding, or not past its time'] : lines;
};

const where = (hosts: readonly CleanedHost[]): string =>
  `${fold([...new Set(hosts.map(({ host }) => host))])} (${count(hosts.length, 'host')})`;

const sumOf = (hosts: readonly CleanedHost[], of: (host: CleanedHost) => number): number => hosts.reduce((sum, host) => sum + of(host), 0);

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

const bytesWords = (bytes: number): string =>
  bytes < 1000
    ? `${bytes} B`
    : bytes < 1e6
      ? `${(bytes / 1e3).toFixed(1)} kB`
      : bytes < 1e9
        ? `${(bytes / 1e6).toFixed(1)} MB`
        : `${(bytes / 1e9).toFixed(2)} GB`;
