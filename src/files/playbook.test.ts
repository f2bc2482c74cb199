import { expect, test } from 'vitest';
import type { Task } from '../domain/task.ts';
import { parsePlaybook, readPlaybook } from './playbook.ts';

const load = (text: string) => {
  const parsed = parsePlaybook('plays/p.yml', text);
  if (!parsed.ok) throw new Error(parsed.failure.cause);
  return parsed.value;
};
const refusal = (text: string) => {
  const parsed = parsePlaybook('p.yml', text);
  if (parsed.ok) throw new Error('was accepted');
  expect(parsed.failure.tag).toBe('bad-input');
  return parsed.failure.cause;
};
/** The one task of a play; lines are indented below the dash. */
const taskText = (...lines: string[]) => `- hosts: all\n  tasks:\n    - ${lines.join('\n      ')}\n`;
const task = (...lines: string[]) => load(taskText(...lines)).plan.plays[0]?.tasks[0];

test('begin, do something else, wait: the founding shape', () => {
  const { plan, warnings } = load(`---
- name: Long work
  hosts: web:&canary
  gather_facts: false
  serial: 2
  vars: {limit: 5, words: [a, b]}
  tasks:
    - name: Begin
      shell:
        cmd: sleep 5
      async: 1920
      poll: 0
      register: begun

    - shell: uptime

    - name: Wait
      ansible.builtin.async_status:
        jid: "{{ begun.ansible_job_id }}"
      register: ended
      until: ended.finished
      retries: 60
      delay: 30
`);
  expect(warnings).toEqual([]);
  expect(plan.title).toBe('p');
  const [play] = plan.plays;
  expect(play).toMatchObject({ name: 'Long work', pattern: 'web:&canary', serial: 2, hosts: [], vars: { limit: 5, words: ['a', 'b'] } });
  expect(play?.tasks).toEqual([
    {
      path: '0.0',
      name: 'Begin',
      module: { name: 'shell', args: { cmd: 'sleep 5' } },
      async: 1920,
      poll: 0,
      retries: 3,
      delay: 5,
      register: 'begun',
      vars: {},
      noLog: false,
      templates: 'render',
      position: { file: 'plays/p.yml', line: 8, column: 7 },
    },
    {
      path: '0.1',
      name: 'shell',
      module: { name: 'shell', args: { cmd: 'uptime' } },
      async: 0,
      retries: 3,
      delay: 5,
      vars: {},
      noLog: false,
      templates: 'render',
      position: { file: 'plays/p.yml', line: 15, column: 7 },
    },
    {
      path: '0.2',
      name: 'Wait',
      module: { name: 'async_status', args: { jid: '{{ begun.ansible_job_id }}' } },
      async: 0,
      retries: 60,
      delay: 30,
      register: 'ended',
      until: ['ended.finished'],
      vars: {},
      noLog: false,
      templates: 'render',
      position: { file: 'plays/p.yml', line: 17, column: 7 },
    },
  ]);
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
});

test('several plays, hosts as a list, names by default', () => {
  const { plan } = load('- hosts: [web, "!edge"]\n- hosts: all\n  strategy: linear\n  tasks: [{debug: {msg: hi}}]\n');
  expect(plan.plays.map(play => [play.name, play.pattern, play.tasks.map(({ path, name }) => [path, name])])).toEqual([
    ['web,!edge', 'web,!edge', []],
    ['all', 'all', [['1.0', 'debug']]],
  ]);
});

test.each<[string, object]>([
  ['shell: echo a=b && ls', { cmd: 'echo a=b && ls' }],
  ['shell: ls   -l  chdir=/tmp', { cmd: 'ls   -l', chdir: '/tmp' }],
  ['command: chdir="/a b" make', { cmd: 'make', chdir: '/a b' }],
  ['shell: echo "chdir=/x"', { cmd: 'echo "chdir=/x"' }],
  ['shell: echo {{ a + "chdir=1" }}', { cmd: 'echo {{ a + "chdir=1" }}' }],
  ['command: {argv: [ls, -l]}', { argv: ['ls', '-l'] }],
  ['debug: msg="hi {{ x }} there"', { msg: 'hi {{ x }} there' }],
  ['debug: var=x.stdout', { var: 'x.stdout' }],
  ['debug:', {}],
  ['async_status: jid={{ a.ansible_job_id }} mode=cleanup', { jid: '{{ a.ansible_job_id }}', mode: 'cleanup' }],
  ['ansible.legacy.shell: date', { cmd: 'date' }],
])('%s is called with %j', (line, args) => {
  expect(task(line)?.module.args).toEqual(args);
});

test('a command of several lines keeps them', () => {
  expect(task('shell: |', '  echo 1', '  echo 2')?.module.args).toEqual({ cmd: 'echo 1\necho 2' });
});

test('args: adds to what stands with the module, which wins', () => {
  expect(task('shell: ls', 'args: {chdir: /tmp}')?.module.args).toEqual({ chdir: '/tmp', cmd: 'ls' });
  expect(task('shell: {cmd: ls, chdir: /a}', 'args: {chdir: /b}')?.module.args).toEqual({ chdir: '/a', cmd: 'ls' });
});

test('conditions may be one, many, or plain truth', () => {
  expect(task('shell: ls', 'when: a == 1')?.when).toEqual(['a == 1']);
  expect(task('shell: ls', 'when: [a, not b]')?.when).toEqual(['a', 'not b']);
  expect(task('shell: ls', 'when: false')?.when).toEqual(['false']);
  expect(task('shell: ls', 'until: [a.rc == 0]', 'async: 5', 'poll: 1')?.until).toEqual(['a.rc == 0']);
});

test('numbers may be quoted', () => {
  expect(task('shell: ls', 'async: "60"', 'poll: 5')).toMatchObject({ async: 60, poll: 5 });
});

test('retries without until is said to do nothing', () => {
  expect(load(taskText('shell: ls', 'retries: 3')).warnings).toEqual([
    'plays/p.yml:3:7: retries does nothing without until; say until what',
  ]);
});

test.each([
  ['', 'p.yml:1:1: this playbook has no plays; write for example `- hosts: all`'],
  ['hosts: all\n', 'p.yml:1:1: a playbook is a list of plays, found a mapping; begin each play with `- hosts: …`'],
  ['- all\n', 'p.yml:1:3: a play must be a mapping, found the text "all"; write for example `- hosts: all`'],
  ['- name: x\n', 'p.yml:1:3: this play has no hosts; write for example `hosts: all`'],
  ['- hosts: {a: b}\n', 'p.yml:1:10: hosts: must be a pattern or a list of patterns, found a mapping; write for example hosts: all'],
  ['- hosts: []\n', 'p.yml:1:10: hosts: must be a pattern or a list of patterns, found a list; write for example hosts: all'],
  ['- hosts: "{{ x }}"\n', 'p.yml:1:10: hosts: a template is not supported here yet; write the pattern itself, and narrow it with --limit'],
  ['- hosts: all\n  gather_facts: true\n', 'p.yml:2:3: gather_facts: true is not supported yet; write gather_facts: false'],
  [
    '- hosts: all\n  gather_facts: maybe\n',
    'p.yml:2:17: gather_facts: must be true or false, found the text "maybe"; write for example gather_facts: false',
  ],
  [
    '- hosts: all\n  remote_user: ops\n',
    'p.yml:2:3: remote_user is not supported in a play yet; take it out, or run this playbook with ansible-playbook',
  ],
  [
    '- hosts: all\n  seriel: 1\n',
    'p.yml:2:3: seriel is not a keyword of a play (did you mean serial?); take it out, or indent it under tasks',
  ],
  ['- hosts: all\n  shell: ls\n', 'p.yml:2:3: shell is not a keyword of a play; take it out, or indent it under tasks'],
  [
    '- hosts: all\n  become: perhaps\n',
    'p.yml:2:11: become: must be true or false, found the text "perhaps"; write for example become: false',
  ],
  ['- hosts: all\n  become_user: [root]\n', 'p.yml:2:16: become_user: must be a text, found a list; write for example become_user: root'],
  [
    '- hosts: all\n  serial: few\n',
    'p.yml:2:11: serial: must be a whole number of hosts, a percentage or a list of them, found the text "few"; write for example serial: 5',
  ],
  ['- hosts: all\n  strategy: free\n', 'p.yml:2:13: strategy free is not supported yet; write strategy: linear, or leave it out'],
  ['- hosts: all\n  tasks: ls\n', 'p.yml:2:10: tasks: must be a list of tasks, found the text "ls"; write for example `- shell: uptime`'],
  ['- hosts: all\n  vars: [a]\n', 'p.yml:2:9: vars: must be a mapping of variables, found a list; write for example vars: name: value'],
  ['- hosts: all\n  vars: {a-b: 1}\n', 'p.yml:2:10: "a-b" cannot name a variable; use letters, digits and _, not beginning with a digit'],
  [
    '- import_playbook: "{{ x }}"\n',
    'p.yml:1:20: import_playbook: must be the path of a playbook; write for example import_playbook: web.yml',
  ],
  ['- {import_playbook: x.yml, when: a}\n', 'p.yml:1:28: when is not supported with import_playbook yet; take it out'],
  ['- {hosts: all, roles: x}\n', 'p.yml:1:23: roles: must be a list of roles, found the text "x"; write for example [common]'],
  [
    '- {hosts: all, roles: [{role: web, port: 80}]}\n',
    'p.yml:1:36: port is a keyword that is not supported with a role yet; take it out, or give the variable under vars',
  ],
  ['- {hosts: all, vars_files: ["{{ x }}"]}\n', 'p.yml:1:29: vars_files: a template is not supported here yet; write the path itself'],
])('the play %j is refused', (text, cause) => {
  expect(refusal(text)).toBe(cause);
});

test.each<[string[], string]>([
  [['name: x'], 'p.yml:3:7: this task does nothing; give it a module, for example `shell: uptime`'],
  [
    ['shell: ls', 'async: abc'],
    'p.yml:4:14: async: must be a whole number of seconds, found the text "abc"; write for example async: 1920',
  ],
  [['shell: ls', 'async: -1'], 'p.yml:4:14: async: must be a whole number of seconds, found the number -1; write for example async: 1920'],
  [
    ['shell: ls', 'async: 1.5'],
    'p.yml:4:14: async: must be a whole number of seconds, found the number 1.5; write for example async: 1920',
  ],
  [['shell: ls', 'poll: "{{ p }}"'], 'p.yml:4:13: poll: a template is not supported here yet; write the number itself, for example 0'],
  [['shell: ls', 'retries: [1]'], 'p.yml:4:16: retries: must be a whole number, found a list; write for example retries: 60'],
  [
    ['shell: ls', 'loop: a'],
    'p.yml:4:13: loop: must be a list, or a template that gives one, found the text "a"; write for example loop: [a, b]',
  ],
  [['shell: ls', 'loop: [a]', 'with_items: [b]'], 'p.yml:5:7: with_items and loop cannot both be there; take one of them out'],
  [
    ['shell: ls', 'loop: [a]', 'loop_control: {extended: true}'],
    'p.yml:5:22: extended is not supported in loop_control yet; take it out, or run this playbook with ansible-playbook',
  ],
  [
    ['shell: ls', 'no_log: true'],
    'p.yml:4:7: no_log is not supported in a task yet; take it out, or run this playbook with ansible-playbook',
  ],
  [['block: []', 'until: x'], 'p.yml:4:7: until is not supported in a block yet; take it out, or run this playbook with ansible-playbook'],
  [['block: []', 'resque: []'], 'p.yml:4:7: resque is not a keyword of a block (did you mean rescue?); take it out'],
  [['shell: ls', 'notify: again'], 'p.yml:4:15: no handler of this play is called "again"; add it under handlers'],
  [
    ['shel: ls'],
    'p.yml:3:7: the module shel is not supported yet (did you mean shell?); there are shell, command, debug, fail, assert, set_fact, async_status',
  ],
  [
    ['ansible.builtin.copy: {}'],
    'p.yml:3:7: the module ansible.builtin.copy is not supported yet; there are shell, command, debug, fail, assert, set_fact, async_status',
  ],
  [
    ['shell: ls', 'regster: x'],
    'p.yml:4:7: regster is neither a keyword of a task nor its one module (did you mean register?); take it out',
  ],
  [
    ['regster: x', 'shell: ls'],
    'p.yml:3:7: regster is neither a keyword of a task nor its one module (did you mean register?); take it out',
  ],
  [['shell: ls creates=/x'], 'p.yml:3:14: creates is not supported for shell yet; it takes cmd, chdir'],
  [['shell: {cmd: ls, chdri: /x}'], 'p.yml:3:24: chdri is not supported for shell yet (did you mean chdir?); it takes cmd, chdir'],
  [['shell:'], 'p.yml:3:7: shell needs cmd; write `cmd: …` below it'],
  [['command: {chdir: /x}'], 'p.yml:3:7: command needs a command; write `cmd: …` below it'],
  [['shell: [ls]'], 'p.yml:3:14: shell: must be a text or a mapping of arguments, found a list; write its arguments as `name: value`'],
  [['debug: hello'], 'p.yml:3:14: debug: "hello" is no argument; write its arguments as `name: value` below it'],
  [['async_status: {mode: status}'], 'p.yml:3:7: async_status needs jid; write `jid: …` below it'],
  [
    ['debug: {msg: x}', 'async: 5'],
    'p.yml:4:7: async is not supported for debug, which starts nothing on the host; take async and poll out',
  ],
  [
    ['shell: ls', 'async: 5', 'poll: 0', 'register: r', 'until: r.finished'],
    'p.yml:7:7: until on a task with poll: 0 would start the job anew at each attempt; register this task, and put until on an async_status task that waits for it',
  ],
  [['shell: ls', 'register: a.b'], 'p.yml:4:17: "a.b" cannot name a variable; use letters, digits and _, not beginning with a digit'],
  [
    ['shell: ls', 'when: {a: b}'],
    'p.yml:4:13: when: must be an expression or a list of them, found a mapping; write for example result.rc == 0',
  ],
  [['shell: ls', 'args: x'], 'p.yml:4:13: args: must be a mapping of arguments, found the text "x"; write `name: value` below it'],
  [['shell: ls', 'name: [x]'], 'p.yml:4:13: name: must be a text, found a list; write for example name: what it does'],
])('the task %j is refused', (lines, cause) => {
  expect(refusal(taskText(...lines))).toBe(cause);
});

test('a task that is no mapping is refused', () => {
  expect(refusal('- hosts: all\n  tasks:\n    - ls\n')).toBe(
    'p.yml:3:7: a task must be a mapping, found the text "ls"; write for example `- shell: uptime`',
  );
});

test('the hash is of the file, and a missing file is one sentence', async () => {
  const read = (text: string) => readPlaybook('p.yml', async () => ({ kind: 'file', text }));
  const [one, two] = [await read('- hosts: all\n'), await read('- hosts: web\n')];
  expect(one.ok && two.ok && one.value.hash !== two.value.hash).toBe(true);
  const none = await readPlaybook('p.yml', async () => ({ kind: 'missing' }));
  expect(none.ok ? '' : none.failure.cause).toBe('the playbook p.yml does not exist; check the path');
});

test('a thousand tasks are read in well under a second', () => {
  const text = `- hosts: all\n  tasks:\n${Array.from({ length: 1000 }, (_, i) => `    - name: t${i}\n      shell: echo ${i}\n      when: x is defined\n`).join('')}`;
  const began = process.cpuUsage();
  expect(load(text).plan.plays[0]?.tasks).toHaveLength(1000);
  expect(process.cpuUsage(began).user / 1000).toBeLessThan(2000);
});

test('a task says as whom it runs, and its play what the task leaves open', () => {
  const parsed = parsePlaybook(
    'p.yml',
    '- hosts: all\n  become: yes\n  become_user: app\n  tasks:\n    - shell: id\n    - shell: id\n      become: false\n    - shell: id\n' +
      '      become_user: root\n      become_method: su\n      become_flags: -H -E\n    - shell: id\n      become: "{{ wanted }}"\n',
  );
  if (!parsed.ok) throw new Error(parsed.failure.cause);
  expect(parsed.value.plan.plays[0]?.tasks.map(task => task.become)).toEqual([
    { become: true, user: 'app' },
    { become: false, user: 'app' },
    { become: true, user: 'root', method: 'su', flags: '-H -E' },
    { become: '{{ wanted }}', user: 'app' },
  ]);
});

/** Path, name and one thing more of each task of a play. */
const listed = (text: string, more: (one: Task) => unknown) => load(text).plan.plays[0]?.tasks.map(one => [one.path, one.name, more(one)]);

test('blocks become one list in which each task knows where it stands', () => {
  const text = `- hosts: all
  tasks:
    - debug: {msg: a}
    - block:
        - {name: b, shell: b}
        - block: [{name: c, shell: c}]
          always: [{name: d, shell: d}]
      rescue: [{name: e, shell: e}]
    - {name: f, shell: f}
`;
  const around = (one: { readonly within?: readonly { readonly block: string; readonly part: string }[] }) =>
    one.within?.map(({ block, part }) => `${block}/${part}`).join(' ');
  expect(listed(text, around)).toEqual([
    ['0.0', 'debug', undefined],
    ['0.1', 'b', '0.b0/block'],
    ['0.2', 'c', '0.b0/block 0.b1/block'],
    ['0.3', 'd', '0.b0/block 0.b1/always'],
    ['0.4', 'e', '0.b0/rescue'],
    ['0.5', 'f', undefined],
  ]);
});

test('what is said outside holds inside, unless that says otherwise', () => {
  const text = `- hosts: all
  become: true
  environment: {A: play}
  tags: [all]
  any_errors_fatal: true
  vars: {p: 1}
  tasks:
    - when: one
      tags: two,three
      ignore_errors: "{{ lenient }}"
      vars: {b: 1, c: 1}
      environment: [{A: block}]
      block:
        - {shell: a, when: [two], vars: {c: 2}, become: false, ignore_errors: false, run_once: true, any_errors_fatal: false}
        - {shell: b}
`;
  const [first, second] = load(text).plan.plays[0]?.tasks ?? [];
  expect(first).toMatchObject({
    when: ['one', 'two'],
    vars: { b: 1, c: 2 },
    become: { become: false },
    ignoreErrors: 'false',
    runOnce: 'yes',
  });
  expect(first?.fatal).toBeUndefined();
  expect(second).toMatchObject({
    when: ['one'],
    tags: ['all', 'two', 'three'],
    environment: [{ A: 'play' }, { A: 'block' }],
    ignoreErrors: '{{ lenient }}',
    fatal: 'yes',
  });
});

test('handlers stand behind each section and wherever they are flushed; names and topics find them', () => {
  const text = `- hosts: all
  pre_tasks: [{shell: a, notify: again}]
  tasks:
    - {shell: b, notify: [topic]}
    - meta: flush_handlers
    - {shell: c}
  handlers:
    - {name: again, shell: h0}
    - {name: other, shell: h1, listen: topic, notify: again}
    - {name: again, shell: h2, listen: [topic]}
`;
  expect(listed(text, one => [one.handler, one.notifies])).toEqual([
    ['0.0', 'shell', [undefined, [2]]],
    ['0.1', 'again', [0, undefined]],
    ['0.2', 'other', [1, [2]]],
    ['0.3', 'again', [2, undefined]],
    ['0.4', 'shell', [undefined, [1, 2]]],
    ['0.5', 'again', [0, undefined]],
    ['0.6', 'other', [1, [2]]],
    ['0.7', 'again', [2, undefined]],
    ['0.8', 'shell', [undefined, undefined]],
    ['0.9', 'again', [0, undefined]],
    ['0.10', 'other', [1, [2]]],
    ['0.11', 'again', [2, undefined]],
  ]);
});

test('a loop has a list, and names for the item and its place', () => {
  expect(task('shell: ls', 'loop: [a, 1]')?.loop).toEqual({ over: ['a', 1], as: 'list', variable: 'item' });
  expect(task('shell: ls', 'with_dict: {a: 1}', 'loop_control: {loop_var: x, index_var: n, label: l, pause: 2}')?.loop).toEqual({
    over: { a: 1 },
    as: 'dict',
    variable: 'x',
    index: 'n',
    pause: 2,
  });
  expect(task('shell: ls', 'with_items: "{{ names }}"')?.loop).toEqual({ over: '{{ names }}', as: 'items', variable: 'item' });
});

/** A playbook on a disk of these files. */
const onDisk = (files: Readonly<Record<string, string>>) =>
  readPlaybook('/x/p.yml', async path => {
    const text = files[path.replace('/x/', '')];
    const isFolder = Object.keys(files).some(name => name.startsWith(`${path.replace('/x/', '')}/`));
    return text !== undefined ? { kind: 'file', text } : isFolder ? { kind: 'folder', names: [] } : { kind: 'missing' };
  });

test('what a playbook names is read with it: playbooks, tasks, roles with what they depend on, variables', async () => {
  const read = await onDisk({
    'p.yml': `- import_playbook: sub/other.yml
- hosts: all
  vars: {a: play, b: play}
  vars_files: [more.yml]
  roles: [{role: web, door: 80, when: w}]
  tasks:
    - {name: own, shell: own, notify: again}
    - {import_tasks: tasks/two.yml, when: t, become: true}
    - import_role: {name: web, tasks_from: extra}
  handlers: [{name: own handler, shell: h}]
`,
    'sub/other.yml': '- {hosts: db, tasks: [{import_tasks: t.yml}]}\n',
    'sub/t.yml': '- {name: other, shell: o}\n',
    'more.yml': 'b: file\nc: file\n',
    'tasks/two.yml': '- {name: two, shell: t}\n- include_tasks: {file: three.yml}\n',
    'tasks/three.yml': '- {name: three, shell: t}\n',
    'roles/web/tasks/main.yml': '- {name: web, shell: w, notify: "web : again"}\n',
    'roles/web/tasks/extra.yml': '- {name: extra, shell: e}\n',
    'roles/web/handlers/main.yml': '- {name: again, shell: a}\n',
    'roles/web/defaults/main.yml': 'door: 8080\n',
    'roles/web/vars/main.yaml': 'd: role\n',
    'roles/web/meta/main.yml': 'dependencies: [base]\n',
    'roles/base/tasks/main.yml': '- {name: base, shell: b}\n',
  });
  if (!read.ok) throw new Error(read.failure.cause);
  const [first, second] = read.value.plan.plays;
  expect(first?.tasks.map(({ path, name }) => [path, name])).toEqual([['0.0', 'other']]);
  expect(second?.vars).toEqual({ a: 'play', b: 'file', c: 'file' });
  expect(second?.roles).toEqual({ web: { defaults: { door: 8080 }, vars: { d: 'role' } }, base: { defaults: {}, vars: {} } });
  const told = second?.tasks.map(({ name, role, when, vars, handler, notifies }) => [name, role, when, vars, handler ?? notifies]);
  expect(told).toEqual([
    ['base : base', 'base', ['w'], { door: 80 }, undefined],
    ['web : web', 'web', ['w'], { door: 80 }, [0]],
    ['own', undefined, undefined, {}, [0]],
    ['two', undefined, ['t'], {}, undefined],
    ['three', undefined, ['t'], {}, undefined],
    ['web : extra', 'web', undefined, {}, undefined],
    ['web : again', 'web', ['w'], { door: 80 }, 0],
    ['own handler', undefined, undefined, {}, 1],
  ]);
  expect(second?.tasks[3]?.become).toEqual({ become: true });
  expect(second?.tasks[1]?.position).toEqual({ file: '/x/roles/web/tasks/main.yml', line: 1, column: 3 });
});

test.each<[Readonly<Record<string, string>>, string]>([
  [{}, '/x/p.yml:1:42: the file /x/t.yml does not exist; check the path'],
  [{ 't.yml': '- import_tasks: t.yml\n' }, '/x/t.yml:1:17: /x/t.yml imports itself, by way of /x/t.yml; take one import out'],
  [
    { 't.yml': '- import_tasks: u.yml\n', 'u.yml': '- include_tasks: t.yml\n' },
    '/x/u.yml:1:18: /x/t.yml imports itself, by way of /x/u.yml; take one import out',
  ],
  [{ 't.yml': 'a: 1\n' }, '/x/t.yml:1:1: /x/t.yml: must be a list of tasks, found a mapping; write for example `- shell: uptime`'],
  [{ 't.yml': '- import_role: {name: no}\n' }, '/x/t.yml:1:23: there is no role no; it was looked for in /x/roles/no and /x/no'],
  [
    { 't.yml': '- {import_tasks: "{{ x }}.yml"}\n' },
    '/x/t.yml:1:18: import_tasks of a name that is a template is not supported yet; write the name itself',
  ],
  [
    { 't.yml': '- {import_tasks: u.yml, loop: [1]}\n' },
    '/x/t.yml:1:25: loop is not supported in import_tasks yet; take it out, or run this playbook with ansible-playbook',
  ],
  [
    { 't.yml': '- shel: x\n' },
    '/x/t.yml:1:3: the module shel is not supported yet (did you mean shell?); there are shell, command, debug, fail, assert, set_fact, async_status',
  ],
])('an import that cannot be read is refused with its place: %j', async (files, cause) => {
  const read = await onDisk({ 'p.yml': '- {hosts: all, tasks: [{import_tasks: t.yml}]}\n'.replace('[{import', '   [{import'), ...files });
  expect(read.ok ? 'read' : read.failure.cause).toBe(cause);
});

test('serial may be a percentage or a list, and a play has an order and a limit of failures', () => {
  const play = (words: string) => load(`- {hosts: all, ${words}}\n`).plan.plays[0];
  expect(play('serial: 30%')?.serial).toEqual(['30%']);
  expect(play('serial: [1, 5, "50%"]')?.serial).toEqual([1, 5, '50%']);
  expect(play('max_fail_percentage: 30, order: reverse_sorted')).toMatchObject({ maxFailPercentage: 30, order: 'reverse_sorted' });
});
