// The only place that says which hosts a filter leaves on the screen. It hides, and never chooses hosts for a task.
import { endedBadly, type HostView } from './host-view.ts';
import { type CellKind, looks } from './letters.ts';

/**
 * Blank-separated terms that must all fit: part of a name, a glob (`web*`), a group's name, or a state's word (`failed`);
 * `trouble` names the kinds of trouble of each host that needs a hand. `!` turns a term around.
 */
export const fits = (filter: string, trouble: () => ReadonlyMap<string, ReadonlySet<CellKind>>): ((view: HostView) => boolean) => {
  const terms = filter
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .filter(term => term !== '' && term !== '!');
  const kinds = terms.length === 0 ? new Map<string, ReadonlySet<CellKind>>() : trouble();
  const tests = terms.map(term => (term.startsWith('!') ? opposite(testOf(term.slice(1), kinds)) : testOf(term, kinds)));
  return view => tests.every(test => test(view));
};

type Test = (view: HostView) => boolean;

const opposite =
  (test: Test): Test =>
  view =>
    !test(view);

const testOf = (term: string, kinds: ReadonlyMap<string, ReadonlySet<CellKind>>): Test => {
  const glob = /[*?]/.test(term) ? globOf(term) : undefined;
  return view =>
    (glob === undefined ? view.name.toLowerCase().includes(term) : glob.test(view.name.toLowerCase())) ||
    view.group.toLowerCase() === term ||
    wordsOf(view, kinds.get(view.name)).includes(term);
};

/** What a host is up to, and how it needs a hand; what ended badly counts as long as it does. */
const wordsOf = ({ kind }: HostView, trouble: ReadonlySet<CellKind> = new Set()): readonly string[] =>
  [...(endedBadly.has(kind) && kind !== 'cancelled' ? [] : [kind]), ...trouble].map(one => looks[one].word);

const globOf = (term: string): RegExp => {
  const source = [...term].map(ch => (ch === '*' ? '.*' : ch === '?' ? '.' : ch.replace(/[\\^$.|+()[\]{}]/, '\\$&'))).join('');
  return new RegExp(`^${source}$`);
};
