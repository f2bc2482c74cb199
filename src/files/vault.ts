// The only place that knows the files and values of Ansible Vault: how they look, and how they are opened.
// Formats 1.1 and 1.2 with AES256: PBKDF2 over SHA-256, AES in counter mode, an HMAC over the ciphertext.
// @see https://docs.ansible.com/ansible/latest/vault_guide/vault_using_encrypted_content.html#ansible-vault-payload-format-1-1-1-2
import { createDecipheriv, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Failure } from '../domain/failure.ts';
import { fail, ok, type Result } from '../domain/result.ts';

/** A password and the word it goes by, `default` without one. */
export type VaultSecret = { readonly id: string; readonly password: Buffer };

/** Asks for the passwords: at most once, and only when something is encrypted. */
export type VaultSecrets = () => Promise<Result<readonly VaultSecret[]>>;

/** True for what begins as encrypted files and values do. */
export const isVault = (text: string): boolean => text.startsWith('$ANSIBLE_VAULT;') || text.startsWith('$ANSIBLE_VAULT\n');

/** Opens encrypted texts, each once. */
export class Vault {
  private readonly secrets: VaultSecrets;
  private given: Promise<Result<readonly VaultSecret[]>> | undefined;
  private readonly opened = new Map<string, Promise<Result<string>>>();

  constructor(secrets: VaultSecrets) {
    this.secrets = secrets;
  }

  /**
   * The plain text. The failure is one sentence that begins with where it stands.
   * @param where `file:line:column`
   */
  open(text: string, where: string): Promise<Result<string>> {
    const known = this.opened.get(text);
    if (known !== undefined) return known;
    const opening = this.read(text, where);
    this.opened.set(text, opening);
    return opening;
  }

  private async read(text: string, where: string): Promise<Result<string>> {
    const no = (why: string) => fail<Failure>({ tag: 'bad-input', cause: `${where}: ${why}` });
    const envelope = readEnvelope(text);
    if (!envelope.ok) return no(envelope.failure);
    this.given ??= this.secrets();
    const given = await this.given;
    if (!given.ok) return given;
    const { label, salt, mac, body } = envelope.value;
    if (given.value.length === 0) return no('this is encrypted with Ansible Vault; give its password with --vault-password-file FILE');
    const inOrder = [...given.value].sort((a, b) => Number(b.id === label) - Number(a.id === label));
    for (const { password } of inOrder) {
      const keys = await derive(password, salt, 10_000, 80, 'sha256');
      const proof = createHmac('sha256', keys.subarray(32, 64)).update(body).digest();
      if (mac.length !== proof.length || !timingSafeEqual(mac, proof)) continue;
      const cipher = createDecipheriv('aes-256-ctr', keys.subarray(0, 32), keys.subarray(64, 80));
      const padded = Buffer.concat([cipher.update(body), cipher.final()]);
      return ok(padded.subarray(0, padded.length - (padded.at(-1) ?? 0)).toString('utf8'));
    }
    const named = label === undefined ? '' : ` with the vault id ${label}`;
    return no(`none of the vault passwords that were given opens this (${inOrder.length} tried); it was encrypted${named} by another one`);
  }
}

const derive = promisify(pbkdf2);

type Envelope = { readonly label?: string; readonly salt: Buffer; readonly mac: Buffer; readonly body: Buffer };

const readEnvelope = (text: string): Result<Envelope, string> => {
  const [header = '', ...lines] = text.trim().split(/\r?\n/);
  const [, version, cipher, label] = header.trim().split(';');
  if (version !== '1.1' && version !== '1.2')
    return { ok: false, failure: `vault format ${version ?? 'without a number'} is not known; 1.1 and 1.2 are` };
  if (cipher !== 'AES256') return { ok: false, failure: `the vault cipher ${cipher ?? ''} is not known; AES256 is` };
  const hex = lines.map(line => line.trim()).join('');
  const [salt, mac, body] = isHex(hex) ? Buffer.from(hex, 'hex').toString('latin1').split('\n') : [];
  if (![salt, mac, body].every(part => part !== undefined && part !== '' && isHex(part)))
    return { ok: false, failure: 'this vault text is damaged or cut off; take it from where it was made once more' };
  const bytes = (part = '') => Buffer.from(part, 'hex');
  return ok({ ...(label !== undefined && { label }), salt: bytes(salt), mac: bytes(mac), body: bytes(body) });
};

const isHex = (text: string): boolean => text.length % 2 === 0 && /^[0-9a-fA-F]+$/.test(text);
