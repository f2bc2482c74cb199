// The only place that says which hosts a filter leaves on the screen. It hides, and never chooses hosts for a task.
import type { HostView } from './host-view.ts';
import { looks } from './letters.ts';

/**
 * Blank-separated terms that must all fit: part of a name, a glob (`web*`), a group's name, or a state's word (`failed`);
 * `!` turns a term around.
 */
export const fits = (filter: string): ((view: HostView) => boolean) => {
  const terms = filter
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .filter(term => term !== '' && term !== '!');
  const tests = terms.map(term => (term.startsWith('!') ? opposite(testOf(term.slice(1))) : testOf(term)));
  return view => tests.every(test => test(view));
};

type Test = (view: HostView) => boolean;

const opposite =
  (test: Test): Test =>
  view =>
    !test(view);

const testOf = (term: string): Test => {
  const glob = /[*?]/.test(term) ? globOf(term) : undefined;
  return view =>
    (glob === undefined ? view.name.toLowerCase().includes(term) : glob.test(view.name.toLowerCase())) ||
    view.group.toLowerCase() === term ||
    looks[view.kind].word === term;
};

const globOf = (term: string): RegExp => {
  const source = [...term].map(ch => (ch === '*' ? '.*' : ch === '?' ? '.' : ch.replace(/[\\^$.|+()[\]{}]/, '\\$&'))).join('');
  return new RegExp(`^${source}$`);
};
