// The only place for small playbooks that are run by the real ansible-playbook and by us, side by side.
// Hosts are h1 to h4, all of them this machine; `n` is 1 to 4, `even` holds where n is.

export type Case = {
  readonly name: string;
  readonly playbook: string;
  readonly args?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
};

/** A play over all hosts; its lines are indented below it. */
const play = (...lines: readonly string[]): string =>
  ['- hosts: all', '  gather_facts: false', ...lines.map(line => `  ${line}`), ''].join('\n');
const tasks = (...lines: readonly string[]): string => play('tasks:', ...lines.map(line => `  ${line}`));

export const cases: readonly Case[] = [
  {
    name: 'conditions decide what changed and what failed',
    playbook: tasks(
      '- {name: quiet, shell: echo hi, changed_when: false}',
      '- {name: fine all the same, shell: exit 3, register: r, failed_when: "r.rc not in [0, 3]"}',
      '- {name: told, debug: {msg: "{{ r.rc }} {{ r.failed }} {{ r.failed_when_result }}"}}',
      '- {name: only there, shell: "echo {{ n }}", register: s, changed_when: s.stdout == "2", failed_when: s.stdout == "3"}',
      '- {name: after, debug: {msg: "{{ s.changed }}"}}',
    ),
  },
  {
    name: 'failures that are ignored',
    playbook: tasks(
      '- {name: tolerated, shell: "exit {{ n }}", ignore_errors: true, register: r}',
      '- {name: told, debug: {msg: "{{ r.rc }} {{ r is failed }}"}}',
      '- {name: by condition, shell: exit 1, ignore_errors: "{{ even }}"}',
      '- {name: after, debug: {msg: here}}',
    ),
  },
  {
    name: 'block, rescue and always',
    playbook: tasks(
      '- block:',
      '    - {name: first, shell: echo 1}',
      '    - {name: second, shell: "exit {{ n | int - 1 }}"}',
      '    - {name: third, shell: echo 3}',
      '  rescue:',
      '    - {name: saved, shell: "echo saved; exit {{ 1 if n == 4 else 0 }}"}',
      '  always:',
      '    - {name: always, shell: echo always}',
      '- {name: after, debug: {msg: here}}',
    ),
  },
  {
    name: 'blocks in blocks',
    playbook: tasks(
      '- block:',
      '    - block:',
      '        - {name: inner, fail: {msg: no}, when: even}',
      '      always:',
      '        - {name: inner always, shell: echo a}',
      '    - {name: outer, shell: echo o}',
      '  rescue:',
      '    - {name: saved, shell: echo s}',
      '    - block: [{name: fails again, fail: {msg: "{{ n }}"}, when: n == 4}]',
      '      rescue: [{name: saved again, shell: echo ss}]',
      '  always:',
      '    - {name: outer always, shell: echo oa}',
      '- {name: after, debug: {msg: here}}',
    ),
  },
  {
    name: 'always without rescue',
    playbook: tasks(
      '- block:',
      '    - {name: fails, fail: {msg: no}, when: n == 2}',
      '  always:',
      '    - {name: always, shell: echo a}',
      '- {name: after, debug: {msg: here}}',
    ),
  },
  {
    name: 'handlers',
    playbook: play(
      'pre_tasks:',
      '  - {name: pre, shell: echo pre, notify: two}',
      'tasks:',
      '  - {name: changed, shell: echo c, notify: [one, topic]}',
      '  - {name: unchanged, shell: echo u, changed_when: false, notify: three}',
      '  - {name: fails, shell: exit 1, when: n == 4}',
      '  - {name: flush, meta: flush_handlers}',
      '  - {name: after, shell: echo after, when: even, notify: two}',
      'handlers:',
      '  - {name: one, shell: echo one}',
      '  - {name: two, shell: echo two}',
      '  - {name: three, shell: echo three, listen: topic}',
      'post_tasks:',
      '  - {name: post, shell: echo post}',
    ),
  },
  {
    name: 'a task that one host does for all',
    playbook: tasks(
      '- {name: once, shell: "echo {{ inventory_hostname }}", run_once: true, register: r}',
      '- {name: told, debug: {msg: "{{ r.stdout }}"}}',
      '- {name: facts of one, set_fact: {f: "{{ n }}"}, run_once: true}',
      '- {name: told again, debug: {msg: "{{ f }}"}}',
    ),
  },
  {
    name: 'a task of one host that fails for all',
    playbook: tasks('- {name: once, shell: exit 1, run_once: true}', '- {name: after, debug: {msg: here}}'),
  },
  {
    name: 'batches of a list with a percentage',
    playbook: play('serial: [1, "50%"]', 'tasks:', '  - {name: it, shell: "echo {{ ansible_play_batch | join(\' \') }}"}'),
  },
  {
    name: 'too many failures in a batch',
    playbook: play(
      'serial: 2',
      'max_fail_percentage: 49',
      'tasks:',
      '  - {name: it, shell: "exit {{ 1 if n == 2 else 0 }}"}',
      '  - {name: after, shell: echo a}',
    ),
  },
  {
    name: 'as many failures as there may be',
    playbook: play(
      'serial: 2',
      'max_fail_percentage: 50',
      'tasks:',
      '  - {name: it, shell: "exit {{ 1 if n == 2 else 0 }}"}',
      '  - {name: after, shell: echo a}',
    ),
  },
  {
    name: 'one failure ends it for all',
    playbook: `${play('any_errors_fatal: true', 'tasks:', '  - {name: it, shell: "exit {{ 1 if n == 2 else 0 }}"}', '  - {name: after, shell: echo a}')}${tasks('- {name: next play, shell: echo n}')}`,
  },
  {
    name: 'environment, the inner one wins',
    playbook: play(
      'environment: {A: play, B: play}',
      'tasks:',
      '  - {name: task, shell: "echo $A $B", environment: {B: "it\'s {{ n }}"}}',
      '  - environment: {A: block}',
      '    block: [{name: block, shell: "echo $A $B"}]',
    ),
  },
  {
    name: 'assertions and facts',
    playbook: tasks(
      '- {name: fact, set_fact: {f: "{{ n * 2 }}", g: [1, 2]}}',
      '- {name: holds, assert: {that: [f is defined, g | length == 2]}}',
      '- {name: fails there, assert: {that: n != 3, fail_msg: "no {{ n }}"}}',
      '- {name: after, debug: {msg: "{{ f }}"}}',
    ),
  },
  {
    name: 'until, with conditions of its own',
    playbook: tasks(
      '- {name: never, shell: echo x, register: r, until: r.stdout == "y", retries: 1, delay: 0, ignore_errors: true}',
      '- {name: at once, shell: "exit 1", register: r, failed_when: false, until: r.rc == 1, retries: 3, delay: 0}',
      '- {name: told, debug: {msg: "{{ r.attempts }}"}}',
    ),
  },
  {
    name: 'loops of jobs',
    playbook: tasks(
      '- {name: list, shell: "echo {{ item }} {{ n }}; exit {{ 1 if item == n else 0 }}", loop: [1, 2, 5], register: r, ignore_errors: true}',
      "- {name: told, debug: {msg: \"{{ r.results | map(attribute='stdout') | list }} {{ r.results | map(attribute='rc') | list }} {{ r is failed }} {{ r.msg }}\"}}",
      '- {name: items, shell: "echo {{ item }}", with_items: [a, [b, c]], when: item != "b", register: r, changed_when: item == "c"}',
      '- {name: told again, debug: {msg: "{{ r.results | map(attribute=\'item\') | list }} {{ r.results[1] is skipped }} {{ r is changed }}"}}',
      '- {name: fails, shell: "exit {{ item }}", loop: [0, "{{ n - 1 }}"]}',
    ),
  },
  {
    name: 'loops of what is done here',
    playbook: tasks(
      '- {name: facts, set_fact: {"f{{ item }}": 1, last: "{{ item }}"}, loop: [1, 2]}',
      '- {name: dict, debug: {msg: "{{ one.key }}={{ one.value }} {{ at }}"}, with_dict: {a: 1, b: 2}, loop_control: {loop_var: one, index_var: at}, register: d}',
      '- {name: told, debug: {msg: "{{ last }} {{ d.results | map(attribute=\'msg\') | list }}"}}',
      '- {name: nobody, debug: {msg: x}, loop: []}',
      '- {name: all skipped, debug: {msg: x}, loop: [1], when: false, register: s}',
      '- {name: skipped, debug: {msg: "{{ s is skipped }}"}}',
    ),
  },
  {
    name: 'several jobs begun, then waited for',
    playbook: tasks(
      '- {name: begin, shell: "sleep 0.{{ item }}; echo {{ item }}", async: 60, poll: 0, loop: [3, 1], register: begun}',
      '- {name: wait, async_status: {jid: "{{ item.ansible_job_id }}"}, loop: "{{ begun.results }}", register: ended, until: ended.finished, retries: 50, delay: 1}',
      '- {name: told, debug: {msg: "{{ ended.results | map(attribute=\'stdout\') | list }}"}}',
    ),
  },
  {
    name: 'roles and imports',
    files: {
      'roles/web/tasks/main.yml':
        '- {name: web, shell: "echo {{ door }} {{ own }} {{ whence }}", notify: again}\n- {name: inner, import_tasks: inner.yml, when: even}\n',
      'roles/web/tasks/inner.yml': '- {name: inside, shell: "echo inside {{ n }}"}\n',
      'roles/web/tasks/extra.yml': '- {name: extra, shell: "echo extra {{ door }}"}\n',
      'roles/web/handlers/main.yml': '- {name: again, shell: echo again}\n',
      'roles/web/defaults/main.yml': 'door: 8080\nown: default\nn: 99\n',
      'roles/web/vars/main.yml': 'whence: role\n',
      'roles/web/meta/main.yml': 'dependencies: [base]\n',
      'roles/base/tasks/main.yml': '- {name: base, shell: "echo base {{ door | default(0) }}"}\n',
      'more.yml': 'own: file\n',
      'two.yml': '- {name: two, shell: "echo two {{ word }} {{ own }}", notify: "web : again"}\n',
      'other.yml': tasks('- {name: other, shell: echo other, when: even}'),
    },
    playbook: `- import_playbook: other.yml\n${play(
      'vars: {whence: play, own: play}',
      'vars_files: [more.yml]',
      'roles: [{role: web, door: 81}]',
      'tasks:',
      '  - {import_tasks: two.yml, vars: {word: w}, when: n > 1}',
      '  - {name: role again, import_role: {name: web, tasks_from: extra}}',
    )}`,
  },
  {
    name: 'tags',
    args: ['--tags', 'a,c', '--skip-tags', 'd'],
    playbook: tasks(
      '- {name: a, shell: echo a, tags: a}',
      '- {name: b, shell: echo b, tags: b}',
      '- {name: none, shell: echo none}',
      '- {name: always, shell: echo always, tags: always}',
      '- {name: never, shell: echo never, tags: never}',
      '- {name: never but a, shell: echo na, tags: [never, a]}',
      '- {name: both, shell: echo both, tags: [a, d]}',
      '- tags: c',
      '  block: [{name: in block, shell: echo c}, {name: in block d, shell: echo cd, tags: d}]',
    ),
  },
  {
    name: 'a play in reverse order, and a second one without those that failed',
    playbook: `${play('order: reverse_inventory', 'serial: 2', 'tasks:', '  - {name: it, shell: "exit {{ 1 if n == 3 else 0 }}"}')}${tasks('- {name: next, shell: echo n}')}`,
  },
];
