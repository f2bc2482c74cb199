// Vault texts made by the real ansible-vault, opened by us; and inventories with encrypted parts beside `ansible-inventory`.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { nodeDisk } from '../../src/files/disk.ts';
import { readInventory } from '../../src/files/inventory.ts';
import { Vault, type VaultSecret } from '../../src/files/vault.ts';
import { listInventory } from '../../src/outputs/inventory.ts';
import { pythonOfAnsible } from './ansible.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-vault-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

const secret = (id: string, password: string): VaultSecret => ({ id, password: Buffer.from(password) });
const vaultWith = (...secrets: VaultSecret[]): Vault => new Vault(async () => ({ ok: true, value: secrets }));

const vaultTool = (args: readonly string[], input?: string): string =>
  execFileSync('ansible-vault', [...args], {
    env: { ...process.env, HOME: folder, ANSIBLE_NOCOLOR: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
    input,
  }).toString();

if (pythonOfAnsible() === undefined) {
  if (process.env['ROLLCALL_REQUIRE_SSHD'] === '1') test('ansible is installed', () => expect(pythonOfAnsible()).toBeDefined());
  else describe.skip('vault texts of ansible-vault (not installed)', () => {});
} else {
  writeFileSync(at('pass'), 'hunter2 mit Ümlaut\n');
  writeFileSync(at('prod'), 'prod password\n');
  const one = secret('default', 'hunter2 mit Ümlaut');
  const prod = secret('prod', 'prod password');
  const plain = 'db_user: app\ndb_pass: "s3cret: ü"\nports: [1, 2]\n';
  writeFileSync(at('plain.yml'), plain);
  const whole = vaultTool(['encrypt', '--vault-password-file', at('pass'), '--output', '-', at('plain.yml')]);
  const labelled = vaultTool(['encrypt', '--vault-id', `prod@${at('prod')}`, '--output', '-', at('plain.yml')]);
  const inline = vaultTool(['encrypt_string', '--vault-password-file', at('pass'), '--name', 'token', 'the token']);

  test('both formats are opened, with the right one of several passwords, whatever its label', async () => {
    expect(whole).toMatch(/^\$ANSIBLE_VAULT;1\.1;AES256\n/);
    expect(labelled).toMatch(/^\$ANSIBLE_VAULT;1\.2;AES256;prod\n/);
    expect(await vaultWith(prod, one).open(whole, 'x:1:1')).toEqual({ ok: true, value: plain });
    expect(await vaultWith(one, prod).open(labelled, 'x:1:1')).toEqual({ ok: true, value: plain });
    expect(await vaultWith(secret('other', 'prod password')).open(labelled, 'x:1:1')).toEqual({ ok: true, value: plain });
  });

  test.each([
    ['no password', whole, [], 'x:1:1: this is encrypted with Ansible Vault; give its password with --vault-password-file FILE'],
    ['a wrong one', whole, [prod], 'x:1:1: none of the vault passwords that were given opens this (1 tried)'],
    ['a label', labelled, [one], 'encrypted with the vault id prod by another one'],
    ['cut off', whole.slice(0, 200), [one], 'damaged or cut off'],
    ['one digit changed', whole.replace(/[0-9a-f]\n$/, '\n'), [one], 'damaged or cut off'],
    ['another cipher', whole.replace('AES256', 'AES'), [one], 'the vault cipher AES is not known'],
    ['another format', whole.replace('1.1', '2.0'), [one], 'vault format 2.0 is not known'],
  ])('%s is said in one sentence', async (_what, text, secrets, sentence) => {
    const opened = await vaultWith(...secrets).open(text, 'x:1:1');
    expect(opened.ok ? '' : opened.failure.cause).toContain(sentence);
  });

  const hosts = `web:\n  hosts:\n    w1:\n    w2:\n      own: 1\n  vars:\n    ${inline.trim().replaceAll('\n', '\n    ')}\n`;
  mkdirSync(at('group_vars'));
  writeFileSync(at('hosts.yml'), hosts);
  writeFileSync(at('group_vars/web.yml'), whole);
  writeFileSync(at('closed.yml'), hosts);
  vaultTool(['encrypt', '--vault-password-file', at('pass'), at('closed.yml')]);
  const read = (source: string, ...secrets: VaultSecret[]) => readInventory([at(source)], nodeDisk, { vault: vaultWith(...secrets) });

  test.each(['hosts.yml', 'closed.yml'])('%s prints as ansible-inventory prints it', async source => {
    const theirs = execFileSync('ansible-inventory', ['-i', at(source), '--list', '--vault-password-file', at('pass')], {
      env: { ...process.env, HOME: folder, ANSIBLE_NOCOLOR: '1' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).toString();
    const ours = await read(source, one);
    if (!ours.ok) throw new Error(ours.failure.cause);
    expect(JSON.parse(listInventory(ours.value.closed.printable(ours.value.inventory)))).toEqual(JSON.parse(theirs));
    expect(JSON.parse(theirs)._meta.hostvars.w1).toMatchObject({ db_pass: 's3cret: ü', token: { __ansible_vault: expect.any(String) } });
  });

  test('values stay closed until somebody needs them, and name their place when they cannot be opened', async () => {
    const ours = await read('hosts.yml', one);
    if (!ours.ok) throw new Error(ours.failure.cause);
    const { closed, inventory } = ours.value;
    const vars = inventory.hosts.get('w1')?.vars ?? {};
    expect(JSON.stringify(vars)).not.toContain('s3cret');
    expect(await closed.reveal(vars['token'] ?? null)).toEqual({ ok: true, value: 'the token' });
    expect(await closed.reveal([{ deep: vars['db_pass'] ?? null }])).toEqual({ ok: true, value: [{ deep: 's3cret: ü' }] });
    expect(closed.located(vars['token'] ?? null)).toEqual({ __ansible_vault: `${at('hosts.yml')}:7:19` });
  });

  test('without the password hosts are known, and what is missing is named by file, line and column', async () => {
    const ours = await read('hosts.yml');
    if (!ours.ok) throw new Error(ours.failure.cause);
    const { closed, inventory } = ours.value;
    expect([...inventory.hosts.keys()]).toEqual(['w1', 'w2']);
    expect(closed.locked).toEqual([
      `${at('group_vars/web.yml')}:1:1: this is encrypted with Ansible Vault; give its password with --vault-password-file FILE`,
    ]);
    const token = await closed.reveal(inventory.hosts.get('w1')?.vars['token'] ?? null);
    expect(token.ok ? '' : token.failure.cause).toContain(`${at('hosts.yml')}:7:19: this is encrypted`);
    expect(await read('closed.yml')).toMatchObject({ ok: false, failure: { tag: 'bad-input' } });
  });

  test('a password is fetched once, and only when something is encrypted', async () => {
    let asked = 0;
    const vault = new Vault(async () => {
      asked += 1;
      return { ok: true, value: [one] };
    });
    mkdirSync(at('apart'), { recursive: true });
    writeFileSync(at('apart/hosts'), 'a\n');
    await readInventory([at('apart/hosts')], nodeDisk, { vault });
    expect(asked).toBe(0);
    await readInventory([at('hosts.yml')], nodeDisk, { vault });
    await vault.open(whole, 'x:1:1');
    expect(asked).toBe(1);
  });
}
