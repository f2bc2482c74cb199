// Small playbooks, run by the real ansible-playbook and by the built program: results by task and host, counts, exit code.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pythonOfAnsible } from '../inventory/ansible.ts';
import { makePlace, type Place } from '../support/program.ts';
import { cases } from './cases.ts';

const hasAnsible = pythonOfAnsible() !== undefined;

type Result = Readonly<Record<string, unknown>>;
type Told = {
  readonly tasks: readonly { readonly name: string; readonly hosts: Readonly<Record<string, Result>> }[];
  readonly stats: Readonly<Record<string, Readonly<Record<string, number>>>>;
};

let place: Place;
beforeAll(() => {
  place = makePlace();
  const host = (n: number) => `h${n} n=${n} even=${n % 2 === 0 ? 'True' : 'False'}\n`;
  writeFileSync(
    join(place.dir, 'hosts'),
    `${[1, 2, 3, 4].map(host).join('')}[all:vars]\nansible_connection=local\nansible_async_dir=${place.dir}/async\n`,
  );
});
afterAll(() => place.end());

test('Ansible is installed where it must be', () => {
  expect(hasAnsible || process.env['ROLLCALL_REQUIRE_SSHD'] !== '1').toBe(true);
});

describe.skipIf(!hasAnsible)('as ansible-playbook does it', { timeout: 300_000 }, () => {
  test.each(cases)('$name', async ({ name, playbook, args = [], files = {} }) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(place.dir, dirname(path)), { recursive: true });
      writeFileSync(join(place.dir, path), text);
    }
    const file = `${name.replaceAll(/\W+/g, '-')}.yml`;
    writeFileSync(join(place.dir, file), playbook);
    const [theirs, ours] = await Promise.all([byAnsible(file, args), byUs(file, args)]);
    expect(ours).toEqual(theirs);
  });
});

const byAnsible = (file: string, args: readonly string[]) =>
  new Promise<unknown>((done, refuse) => {
    const env = {
      PATH: process.env['PATH'],
      HOME: place.dir,
      ANSIBLE_CALLBACK_PLUGINS: fileURLToPath(new URL('callback_plugins', import.meta.url)),
      ANSIBLE_STDOUT_CALLBACK: 'told',
      ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
      PYTHONDONTWRITEBYTECODE: '1',
    };
    execFile('ansible-playbook', ['-i', 'hosts', file, ...args], { cwd: place.dir, env }, (error, out, err) => {
      const line = out.split('\n').find(one => one.startsWith('{"tasks"'));
      if (line === undefined) refuse(new Error(`ansible-playbook said: ${out}${err}`));
      else done(told(JSON.parse(line) as Told, error === null ? 0 : error.code));
    });
  });

const byUs = async (file: string, args: readonly string[]) => {
  const { code, out, err } = await place.run(['play', file, '-i', 'hosts', '--output', 'ansible-json', ...args]);
  if (!out.startsWith('{')) throw new Error(`rollcall said: ${out}${err}`);
  const report = JSON.parse(out) as Pick<Told, 'stats'> & {
    readonly plays: readonly {
      readonly tasks: readonly { readonly task: { readonly name: string }; readonly hosts: Told['tasks'][0]['hosts'] }[];
    }[];
  };
  const tasks = report.plays.flatMap(play => play.tasks.map(({ task, hosts }) => ({ name: task.name, hosts })));
  return told({ tasks, stats: report.stats }, code);
};

/** What must be the same; a task that nobody came to is not told, and a play's own tasks neither. */
const told = ({ tasks, stats }: Told, code: unknown) => ({
  code,
  stats,
  tasks: merged(tasks.filter(({ hosts }) => Object.keys(hosts).length > 0)).map(({ name, hosts }) => [
    name,
    Object.fromEntries(
      Object.entries(hosts)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([host, result]) => [host, kept(result)]),
    ),
  ]),
});

/** Of a serial play the same task is told once a batch by Ansible, and once in all by us. */
const merged = (tasks: Told['tasks']): Told['tasks'] => {
  const byName = new Map<string, Record<string, Result>>();
  for (const { name, hosts } of tasks) byName.set(name, { ...byName.get(name), ...hosts });
  return [...byName].map(([name, hosts]) => ({ name, hosts }));
};

/** Ansible tells failures to callbacks by the call, and takes the key away. */
const kept = ({ status, changed, failed, skipped, rc, stdout, attempts, msg }: Result): Result => ({
  changed: changed === true,
  failed: failed === true || status === 'failed' || status === 'ignored',
  skipped: skipped === true || status === 'skipped',
  rc,
  stdout,
  attempts,
  ...(rc === undefined && skipped !== true && status !== 'skipped' && { msg }),
});
