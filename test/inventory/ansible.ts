// The only place that asks the Ansible of this machine, in its own Python, how it reads what we read.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The Python that Debian's Ansible runs on; undefined where there is no Ansible. */
export const pythonOfAnsible = (): string | undefined => {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      const first = readFileSync(join(folder, 'ansible'), 'utf8').split('\n')[0] ?? '';
      if (first.startsWith('#!') && first.includes('python')) return first.slice(2).trim().split(' ')[0];
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
};

/** What a script (beside this file unless it is named whole) answers: the last line of what it prints, as JSON. Ansible warns on stdout where it likes. */
export const askAnsible = <T>(python: string, script: string, home: string, input: unknown): T => {
  const out = execFileSync(python, [resolve(fileURLToPath(new URL('.', import.meta.url)), script)], {
    input: JSON.stringify(input),
    env: { ...process.env, HOME: home, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED: '1', ANSIBLE_NOCOLOR: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 1 << 26,
  });
  return JSON.parse(out.toString().trim().split('\n').at(-1) ?? '') as T;
};
