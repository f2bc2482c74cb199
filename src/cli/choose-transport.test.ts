// Which hosts need the system's ssh: only those that ours cannot reach.
import { expect, test } from 'vitest';
import type { Address } from '../remote/ports.ts';
import { authoritiesIn, type ChoiceWorld, whySystem } from './choose-transport.ts';

const plain: Address = {
  name: 'web1',
  host: 'web1',
  port: 22,
  user: 'ada',
  identityFiles: [],
  knownHostsFiles: [],
  strictHostKeyChecking: 'ask',
};

const why = (
  address: Partial<Address>,
  options: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
  env: ChoiceWorld['env'] = {},
) =>
  whySystem(
    { ...plain, ...address },
    { first: keyword => options[keyword], all: () => [] },
    {
      home: '/h',
      uid: 7,
      env,
      read: path => files[path],
      authorities: path => authoritiesIn(files[path]),
      remember: (_question, answer) => answer(),
    },
  );

const key = { '/h/.ssh/id_ed25519': 'KEY' };
const authority = '@cert-authority *.example,[db]:* ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKp\n';
const trusted = { ...key, '/h/.ssh/known_hosts': `web1 ssh-ed25519 AAAA\n${authority}` };
const ticket = { '/tmp/krb5cc_7': 'TICKET' };
const kerberos = { gssapiauthentication: 'yes' };

test.each<[string, Parameters<typeof why>, string | undefined]>([
  ['nothing special', [{}, {}, key], undefined],
  ['no key at all', [{}, {}, {}], undefined],
  ['a ProxyCommand of its own', [{ jump: 'ProxyCommand nc' }, {}, key], 'ProxyCommand nc'],
  ['a certificate that is named', [{}, { certificatefile: '~/c' }, key], 'CertificateFile ~/c'],
  ['none that is named', [{}, { certificatefile: 'none', knownhostscommand: 'none' }, key], undefined],
  ['a module', [{}, { pkcs11provider: '/p.so' }, key], 'PKCS11Provider /p.so'],
  ['a command for known hosts', [{}, { knownhostscommand: '/bin/k' }, key], 'KnownHostsCommand /bin/k'],
  ['an authority for other hosts', [{}, {}, trusted], undefined],
  ['an authority for it', [{ host: 'web1.example' }, {}, trusted], 'certificate authority in /h/.ssh/known_hosts'],
  ['an authority for its port', [{ host: 'db', port: 2222 }, {}, trusted], 'certificate authority in /h/.ssh/known_hosts'],
  ['an authority for its alias', [{ hostKeyAlias: 'a.example' }, {}, trusted], 'certificate authority in /h/.ssh/known_hosts'],
  [
    'an authority in a file that is named',
    [{ host: 'web1.example', knownHostsFiles: ['/none'], globalKnownHostsFiles: ['/g'] }, {}, { ...trusted, '/g': authority }],
    'certificate authority in /g',
  ],
  ['a certificate beside a key', [{}, {}, { ...key, '/h/.ssh/id_ed25519-cert.pub': 'C' }], 'certificate /h/.ssh/id_ed25519-cert.pub'],
  ['a certificate without its key', [{}, {}, { '/h/.ssh/id_ed25519-cert.pub': 'C' }], undefined],
  [
    'only a key on a token',
    [{}, {}, { '/h/.ssh/id_ed25519_sk': 'K', '/h/.ssh/id_ed25519_sk.pub': 'sk-ssh-ed25519@openssh.com A' }],
    'security key /h/.ssh/id_ed25519_sk',
  ],
  ['a token, and a key', [{ identityFiles: ['/t', '/k'] }, {}, { '/t': 'K', '/t.pub': 'sk-ecdsa A', '/k': 'K' }], undefined],
  [
    'algorithms that ours has not',
    [{ algorithms: { kexalgorithms: 'sntrup761x25519-sha512' } }, {}, key],
    'KexAlgorithms sntrup761x25519-sha512',
  ],
  ['algorithms of which ours has one', [{ algorithms: { kexalgorithms: 'sntrup761x25519-sha512,curve25519-sha256' } }, {}, key], undefined],
  ['only ways to log in that ours has not', [{ preferredAuthentications: ['gssapi-with-mic'] }, {}, key], 'login by gssapi-with-mic'],
  ['no keys wanted', [{ preferredAuthentications: ['password'] }, {}, { ...key, '/h/.ssh/id_ed25519-cert.pub': 'C' }], undefined],
  ['Kerberos, a ticket and no key', [{}, kerberos, ticket], 'GSSAPIAuthentication, with a ticket and no key'],
  ['Kerberos, a ticket and a key', [{}, kerberos, { ...ticket, ...key }], undefined],
  ['Kerberos, a ticket and an agent', [{}, kerberos, ticket, { SSH_AUTH_SOCK: '/a' }], undefined],
  ['Kerberos without a ticket', [{}, kerberos, {}], undefined],
])('%s', (_what, asked, reason) => {
  expect(why(...asked)).toBe(reason);
});
