// The only place that makes SSH keys, for hosts and for the client.
import type { ParsedKey } from 'ssh2';
import ssh2 from 'ssh2';

/** An ed25519 key pair. */
export type KeyPair = {
  /** In OpenSSH's format, without a passphrase. */
  readonly privateText: string;
  /** As in known_hosts: type and base64. */
  readonly publicText: string;
  readonly parsed: ParsedKey;
};

/** Makes a key pair. About one in two hundred that ssh2 1.17 makes can't be read back, by itself or by others: those are thrown away. */
export const makeKeyPair = (): KeyPair => {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'rollcall practice' });
    const parsed = ssh2.utils.parseKey(pair.private);
    if (!(parsed instanceof Error)) {
      return { privateText: pair.private, publicText: pair.public.split(' ', 2).join(' '), parsed };
    }
  }
};
