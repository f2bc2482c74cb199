// The only place that says in words where jobs begun elsewhere were looked for, and whose they are.

import type { Job } from '../domain/job.ts';
import { fold } from '../domain/nodeset.ts';
import { safeText } from '../domain/safe-line.ts';
import type { Adoption } from '../driver/protocol.ts';
import type { AdoptDialog } from './console-state.ts';
import { wrapWords } from './style.ts';
import { counted } from './words.ts';

/** Homes named one by one; the others are counted. */
const mostPlaces = 12;

/** What was found, where it was looked for, what was left alone: a sentence each. */
export const whereWords = ({ jobs, looked, skipped }: Adoption, become: 'yes' | 'no'): readonly string[] => {
  const places = new Map<string, string[]>();
  for (const { host, account, home } of looked) {
    const key = `as ${safeText(account || '?', 64)} in ${safeText(home, 200)}`;
    const hosts = places.get(key) ?? [];
    places.set(key, hosts);
    hosts.push(host);
  }
  const found = jobs.length === 0 ? 'nothing new was found' : `${counted(jobs.length, 'job')} adopted`;
  const left =
    skipped > 0 ? [`${skipped} ${skipped === 1 ? 'entry' : 'entries'} left alone: not begun, not readable, or not to be trusted`] : [];
  if (places.size === 0) return [found, ...left];
  const where = [...places].map(([key, hosts]) => `${key} on ${fold(hosts)}`);
  const shown = where.length > mostPlaces ? [...where.slice(0, mostPlaces), `and ${where.length - mostPlaces} more homes`] : where;
  return [`${found}; looked ${shown.join(', ')}${become === 'yes' ? '' : '; jobs of other accounts need -b'}`, ...left];
};

/** What the dialog says under its hosts: what Enter does, or what came of it. */
export const adoptLines = ({ become, found }: AdoptDialog, columns: number): readonly string[] => {
  const wrapped = (sentence: string): readonly string[] => wrapWords(sentence, columns - 1);
  if (found === 'asking') return ['asking …', '', ''];
  if (found !== undefined) return found.flatMap(wrapped);
  return [
    ...wrapped('asks for jobs that are not in this journal, and follows them; nothing is started or ended'),
    `in ${become === 'yes' ? 'every account, by sudo; b: only our own' : 'our own account; b: in every one, by sudo'}`,
    'Enter asks',
  ];
};

/** Who started jobs that are not ours, each once. */
export const othersOf = (jobs: readonly Pick<Job, 'adopted'>[]): readonly string[] => {
  const owners = jobs.flatMap(({ adopted }) => {
    if (adopted?.owner !== 'others') return [];
    const { operator, machine, at } = adopted;
    if (operator !== '') return [`${operator}@${machine}`];
    return [at.account?.name ?? (at.kind === 'ansible' ? 'Ansible' : 'somebody else')];
  });
  return [...new Set(owners)];
};
