// Which word wins in saying as whom a task runs, and which words are not passed on.
import { expect, test } from 'vitest';
import { becomeOf, layBecome } from './become.ts';
import { ok } from './result.ts';
import type { Value, Vars } from './value.ts';

const plain = (value: Value) => ok(value);

test.for<readonly [Parameters<typeof becomeOf>[0], Vars, unknown]>([
  [undefined, {}, undefined],
  [{ user: 'app' }, {}, undefined],
  [{ become: true }, {}, { method: 'sudo', user: 'root' }],
  [{ become: true, user: 'app', method: 'su' }, {}, { method: 'su', user: 'app' }],
  // Variables win over keywords, also to say no.
  [{ become: true }, { ansible_become: 'no' }, undefined],
  [{ become: false }, { ansible_become: 'yes', ansible_become_user: 'db' }, { method: 'sudo', user: 'db' }],
  [
    { become: true, user: 'app' },
    { ansible_become_user: 'db', ansible_sudo_user: 'web' },
    { method: 'sudo', user: 'web' },
  ],
  [
    { become: true, method: 'ansible.builtin.sudo', flags: '-H -E', exe: '/usr/local/bin/sudo' },
    {},
    { method: 'sudo', user: 'root', flags: '-H -E', exe: '/usr/local/bin/sudo' },
  ],
  [{ become: true }, { ansible_become_method: 'doas', ansible_doas_exe: '/bin/doas' }, { method: 'doas', user: 'root', exe: '/bin/doas' }],
  [{ become: true }, { ansible_become_user: null, ansible_become_flags: '' }, { method: 'sudo', user: 'root' }],
])('%j with %j', ([words, vars, expected]) => {
  expect(becomeOf(words, vars, plain)).toEqual(ok(expected));
});

test.for<readonly [Parameters<typeof becomeOf>[0], string]>([
  [{ become: 'perhaps' }, 'become must be true or false, not "perhaps"'],
  [{ become: true, method: 'pbrun' }, 'become_method "pbrun" is not known here; it is sudo, su or doas'],
  [{ become: true, user: '-x' }, 'become_user "-x" cannot be passed on: a user has a name of letters, digits and . _ - @ +'],
  [{ become: true, user: 'a b' }, 'become_user "a b" cannot be passed on: a user has a name of letters, digits and . _ - @ +'],
  [{ become: true, exe: 'sudo; id' }, 'become_exe "sudo; id" cannot be passed on: a program is one word without quotes or blanks'],
  [{ become: true, flags: '-H *' }, 'become_flags "-H *" cannot be passed on: flags are words without quotes, $ or wildcards'],
  [{ become: true, flags: "-p 'x'" }, `become_flags "-p 'x'" cannot be passed on: flags are words without quotes, $ or wildcards`],
])('%j makes no sense', ([words, sentence]) => {
  expect(becomeOf(words, {}, plain)).toEqual({ ok: false, failure: sentence });
});

test('what the stronger leaves open the weaker says', () => {
  expect(layBecome({ user: 'app' }, { become: true, user: 'root', flags: '-E' })).toEqual({ become: true, user: 'app', flags: '-E' });
});
