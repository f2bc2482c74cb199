// What the system's ssh says when it fails, and which of our failures it is.
import { expect, test } from 'vitest';
import { connectFailure, lastWords, noSsh } from './words.ts';

const told = (said: string) => {
  const { tag, cause, facts } = connectFailure(said, (tag, cause, facts) => ({ tag, cause, ...(facts !== undefined && { facts }) }));
  return [tag, cause, facts] as const;
};

const changed = `@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
The fingerprint for the ED25519 key sent by the remote host is
SHA256:abc+/DEF.
Please contact your system administrator.
Add correct host key in /h/my known to get rid of this message.
Offending ED25519 key in /h/my known:7
Host key for web1 has changed and you have requested strict checking.
Host key verification failed.\r
`;

test.each<[string, string, string, RegExp]>([
  ['a changed key', changed, 'host-key-changed', /^it shows ED25519 SHA256:abc\+\/DEF, but \/h\/my known:7 has another key$/],
  [
    'an unknown key',
    'No ED25519 host key is known for web1 and you have requested strict checking.\r\nHost key verification failed.\r\n',
    'host-key-unknown',
    /No ED25519 host key is known for web1/,
  ],
  [
    'a revoked key',
    '@ WARNING: REVOKED HOST KEY DETECTED! @\nThe ED25519 host key for web1 is marked as revoked.\nHost key verification failed.\n',
    'host-key-revoked',
    /./,
  ],
  [
    'a refusal behind a jump host',
    'ops@jump: Permission denied (publickey).\r\nConnection closed by UNKNOWN port 65535\r\n',
    'login-refused',
    /ops@jump: Permission denied \(publickey\)/,
  ],
  ['too many keys', 'Received disconnect from ::1 port 22:2: Too many authentication failures\n', 'login-refused', /Too many/],
  ['a config that others may write', 'Bad owner or permissions on /h/.ssh/config\r\n', 'bad-input', /Bad owner or permissions on \/h/],
  [
    'a config that makes no sense',
    '/h/.ssh/config: line 3: Bad configuration option: foo\r\n/h/.ssh/config: terminating, 1 bad configuration options\r\n',
    'bad-input',
    /bad configuration option/i,
  ],
  ['no ssh', noSsh, 'bad-input', /install openssh-client/],
  ['MaxStartups', 'kex_exchange_identification: read: Connection reset by peer\n', 'dropped-in-handshake', /reset by peer/],
  [
    'no algorithm',
    'Unable to negotiate with ::1 port 22: no matching cipher found. Their offer: x\n',
    'no-common-algorithm',
    /Their offer: x/,
  ],
  ['silence', '', 'dropped-in-handshake', /^ssh says: nothing$/],
  ['anything else', 'ssh: something new\n', 'unroutable', /^ssh says: ssh: something new$/],
])('%s', (_what, said, tag, cause) => {
  const failure = told(said);
  expect(failure[0]).toBe(tag);
  expect(failure[1]).toMatch(cause);
});

test('facts of a changed key are for those who look it up', () => {
  expect(told(changed)[2]).toEqual({ type: 'ED25519', fingerprint: 'SHA256:abc+/DEF', file: '/h/my known', line: 7 });
});

test('pictures and controls are no words', () => {
  expect(lastWords('said\u001b[31m so\n@@@@\n****\n\n')).toBe('said so');
});
