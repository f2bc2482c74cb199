// Three nights that screens are judged by: a practice fleet at work, a kernel patch over 300 hosts, five thousand hosts.
import type { Fleet } from '../../src/domain/event.ts';
import type { Jid } from '../../src/domain/job.ts';
import { fleetOf, numbered, practiceFleet, type Story, storyOf } from './console.ts';

/** Twelve practice hosts: two upgrades running, one done, one failed, one refusing, one silent, a second task queued. */
export const practiceAtWork = (): { readonly story: Story; readonly outputs: ReadonlyMap<Jid, string> } => {
  const story = storyOf(practiceFleet);
  const names = practiceFleet.hosts.map(host => host.name);
  const outputs = new Map<Jid, string>();
  const first = story.queue(1, 'uptime', names, 600);
  story.openBatch(first, 1, 600);
  for (const name of names) {
    const jid = story.request(first, name, 600);
    story.start(jid, 599);
    story.output(jid, 20, ' 22:37 up 3 days', 599);
    story.end(jid, { kind: 'ok', rc: 0, changed: true, elapsed: 0.2 }, 598);
  }
  story.endRun(first, 598);
  const run = story.queue(2, 'apt-get -y dist-upgrade', names.slice(0, 10), 130);
  story.openBatch(run, 1, 130);
  const [canary1, web1, web2, web3, web4, web5, db1, db2, db3] = names.map((name, at) =>
    at < 10 ? story.request(run, name, 129) : undefined,
  ) as Jid[];
  const log = [
    'Reading package lists...',
    'Building dependency tree...',
    'Setting up libc6:amd64 (2.36-9+deb12u9) ...',
    '\x1b[32mok\x1b[0m  openssh-server',
    'Setting up linux-image-6.1.0-31-amd64 (6.1.128-1) ...',
  ];
  for (const [at, jid] of [canary1, web1, web2, web3, web4, db1, db2].entries()) {
    if (jid === undefined) continue;
    story.start(jid, 128, 2000 + at);
    story.output(jid, 400, log.at(-1) ?? '', 8);
    outputs.set(jid, `${log.join('\n')}\n`);
    if (jid !== web4) story.seen(jid, 4, 11);
    else story.seen(jid, 67, 11);
  }
  story.end(canary1 as Jid, { kind: 'ok', rc: 0, changed: true, elapsed: 96 }, 30);
  story.end(web2 as Jid, { kind: 'failed', rc: 100, elapsed: 41 }, 80);
  story.end(
    web5 as Jid,
    { kind: 'unreachable', began: 'never', failure: { tag: 'refused', host: 'web5', cause: 'connect ECONNREFUSED 127.0.0.1:40105' } },
    120,
  );
  story.tell({
    type: 'job.fell-silent',
    at: story.at(52),
    jid: web4 as Jid,
    failure: { tag: 'connection-lost', host: 'web4', cause: 'read ECONNRESET' },
  });
  story.seen(web4 as Jid, 20, 8);
  story.tell({ type: 'job.waiting', at: story.at(70), jid: db2 as Jid, for: 'the dpkg lock, held by unattended-upgr (2211)' });
  story.seen(db2 as Jid, 4, 3);
  story.queue(3, 'systemctl is-system-running', names, 20);
  story.state.slots = { open: 2, forks: 5, behind: 0 };
  void web3;
  void db3;
  return { story, outputs };
};

/** 180 web, 80 app, 40 db. */
export const kernelPatchFleet = fleetOf(
  { web: numbered('web', 180, 3), app: numbered('app', 80, 3), db: numbered('db', 40, 3) },
  { label: 'PROD', colour: 'red', source: '/srv/inventories/prod.yml', practice: 'no' },
);

/** A roll in batches of 60, the third open, with trouble in all of them. */
export const kernelPatch = (): Story => {
  const story = storyOf(kernelPatchFleet);
  const names = kernelPatchFleet.hosts.map(host => host.name);
  const run = story.queue(12, 'kernel-patch', names, 2700, 60);
  const begin = (name: string, ago: number): Jid => {
    const jid = story.request(run, name, ago);
    story.start(jid, ago - 1);
    return jid;
  };
  for (const batch of [1, 2]) {
    const ago = batch === 1 ? 2690 : 1500;
    story.openBatch(run, batch, ago);
    for (const name of names.slice((batch - 1) * 60, batch * 60)) {
      if (name === 'web009') continue;
      story.end(begin(name, ago), { kind: 'ok', rc: 0, changed: true, elapsed: 420 }, ago - 420);
    }
    if (batch === 1) {
      story.end(
        story.request(run, 'web009', ago),
        {
          kind: 'unreachable',
          began: 'never',
          failure: { tag: 'connect-timeout', host: 'web009', cause: 'no answer from 10.4.2.9 via bastion1 in 10 s' },
        },
        1860,
      );
    }
    story.endBatch(run, batch, ago - 1000);
  }
  story.openBatch(run, 3, 441);
  for (const [at, name] of names.slice(120, 180).entries()) {
    if (at === 59) continue;
    const jid = name === 'web151' ? story.request(run, name, 440) : begin(name, 440 - at);
    if (at < 20) story.end(jid, { kind: 'ok', rc: 0, changed: true, elapsed: 300 }, 100 - at);
    else if (name === 'web151')
      story.end(
        jid,
        { kind: 'unreachable', began: 'never', failure: { tag: 'unroutable', host: name, cause: 'EHOSTUNREACH 10.4.2.31 via bastion1' } },
        360,
      );
    else {
      story.output(jid, 9000, 'Setting up linux-image-6.1.0-31-amd64 (6.1.128-1) ...', 6);
      story.seen(jid, name === 'web164' ? 66 : 4, 3 + (at % 12));
      if (name === 'web158') story.tell({ type: 'job.waiting', at: story.at(250), jid, for: 'dpkg lock, held by unattended-upgr (2211)' });
      if (name === 'web164')
        story.tell({
          type: 'job.fell-silent',
          at: story.at(52),
          jid,
          failure: { tag: 'reply-timeout', host: name, cause: 'no answer in 30 s' },
        });
      if (name === 'web170') story.end(jid, { kind: 'failed', rc: 100, elapsed: 77 }, 60);
    }
  }
  story.queue(13, 'backup-check', names.slice(-40), 300);
  story.queue(14, 'ntp-fact', names, 100);
  story.state.slots = { open: 9, forks: 25, behind: 0 };
  return story;
};

export const thousandsFleet = fleetOf(
  { web: numbered('web', 3000, 4), app: numbered('app', 1500, 4), db: numbered('db', 500, 4) },
  { label: 'FLEET', source: 'all.yml', practice: 'no' },
);

/** Five thousand hosts under one task, most of them done. */
export const thousands = (): Story => {
  const story = storyOf(thousandsFleet);
  const names = thousandsFleet.hosts.map(host => host.name);
  const run = story.queue(3, 'uname -r', names, 120);
  story.openBatch(run, 1, 120);
  for (const [at, name] of names.entries()) {
    if (at > 4200) break;
    const jid = story.request(run, name, 100);
    story.start(jid, 99);
    if (at % 487 === 3) story.end(jid, { kind: 'failed', rc: 2, elapsed: 9 }, 50);
    else if (at % 991 === 5) story.end(jid, { kind: 'lost', why: 'reboot', elapsed: 30 }, 40);
    else if (at < 3900) story.end(jid, { kind: 'ok', rc: 0, changed: true, elapsed: 3 }, 90);
    else story.seen(jid, 2, 5 + (at % 9));
  }
  story.state.slots = { open: 25, forks: 25, behind: 4000 };
  return story;
};

/** Four hosts behind a bastion that does not answer any more, two before it; one of these is away, too. */
export const behindBastion = (): { readonly fleet: Fleet; readonly story: Story } => {
  const plain = fleetOf(
    { web: numbered('web', 4, 1), edge: numbered('edge', 2, 1) },
    { label: 'PROD', source: 'prod.yml', practice: 'no' },
  );
  const isBehind = (name: string): boolean => name.startsWith('web');
  const fleet = { ...plain, hosts: plain.hosts.map(host => (isBehind(host.name) ? { ...host, gate: '10.0.0.1', hops: 1 } : host)) };
  const story = storyOf(fleet);
  const names = fleet.hosts.map(({ name }) => name);
  const run = story.queue(7, 'apt-get -y dist-upgrade', names, 300);
  story.openBatch(run, 1, 300);
  const jids = new Map(names.map(name => [name, story.request(run, name, 299)]));
  const cause = 'jump host bastion1: 10.0.0.1 port 22: no answer within 10 s';
  const failure = { tag: 'connect-timeout', cause, facts: { hop: 'bastion1', passed: 0 } } as const;
  for (const [name, jid] of jids) {
    if (name === 'edge2') continue;
    story.start(jid, 298);
    story.output(jid, 400, 'Setting up libc6:amd64 (2.36-9+deb12u9) ...', 120);
    story.seen(jid, isBehind(name) ? 120 : 3, isBehind(name) ? 40 : 9);
    if (isBehind(name)) story.tell({ type: 'job.fell-silent', at: story.at(110), jid, failure: { ...failure, host: name } });
    if (isBehind(name)) story.seen(jid, 120, 40);
  }
  const own = { tag: 'connect-timeout', host: 'edge2', cause: '192.0.2.7 port 22: no answer within 10 s' } as const;
  const nextTryAt = story.at(-40);
  story.state.ways = {
    away: [
      { kind: 'jump host', name: 'bastion1', gate: '10.0.0.1', failure: { ...failure, host: 'web1' }, tries: 5, nextTryAt },
      { kind: 'host', name: 'edge2', failure: own, tries: 3, nextTryAt: story.at(-7) },
    ],
    slowed: [],
  };
  return { fleet, story };
};
