// The only place that lists Ansible's keywords, so that a word we do not speak yet is told from a typing error.
// @see https://docs.ansible.com/ansible/latest/reference_appendices/playbooks_keywords.html

const shared =
  'any_errors_fatal become become_exe become_flags become_method become_user check_mode collections connection debugger diff environment ' +
  'ignore_errors ignore_unreachable module_defaults name no_log port remote_user run_once tags throttle timeout vars';

/** Keywords of a play. */
export const playKeywords: readonly string[] = (
  `${shared} fact_path force_handlers gather_facts gather_subset gather_timeout handlers hosts max_fail_percentage order post_tasks ` +
  'pre_tasks roles serial strategy tasks vars_files vars_prompt import_playbook'
).split(' ');

/** Keywords of a task; any other key names its module. */
export const taskKeywords: readonly string[] = (
  `${shared} action args async changed_when delay delegate_facts delegate_to failed_when local_action loop loop_control notify poll register ` +
  'retries until when block rescue always listen with_items with_list with_dict'
).split(' ');

/** `; did you mean serial?`, or nothing when no word is near. */
export const didYouMean = (word: string, known: readonly string[]): string => {
  const near = known.map(candidate => ({ candidate, far: distance(word, candidate) })).sort((a, b) => a.far - b.far)[0];
  return near !== undefined && near.far <= Math.max(1, Math.floor(word.length / 4)) ? ` (did you mean ${near.candidate}?)` : '';
};

/** Edits between two words, a swap of neighbours counting once. */
const distance = (a: string, b: string): number => {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same, swapped));
    }
  }
  return at(a.length, b.length);
};
