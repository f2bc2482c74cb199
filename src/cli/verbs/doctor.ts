// The only place for `rollcall doctor [PATTERN]`: looks at every host with the transports of a run, and tells what it found.
// It connects by itself, without a driver; connections at once stay below forks, jump hosts counted.
import { randomBytes } from 'node:crypto';
import type { PlannedHost } from '../../domain/event.ts';
import { type Failure, failureTable, needsPerson } from '../../domain/failure.ts';
import type { Entrusted, Question } from '../../domain/need.ts';
import { fold } from '../../domain/nodeset.ts';
import { noHostsMatched, selectHosts } from '../../domain/pattern.ts';
import { fail, ok, type Result } from '../../domain/result.ts';
import { safeJson, safeText } from '../../domain/safe-line.ts';
import { Realms } from '../../driver/realms.ts';
import { Keeper } from '../../driver/secrets.ts';
import { makeLocalTransport } from '../../local/transport.ts';
import { makeOpensshTransport } from '../../openssh/transport.ts';
import type { Address } from '../../remote/ports.ts';
import { configFileOf, queryOf } from '../../ssh/address.ts';
import { makeKnownHostsStore } from '../../ssh/known-hosts-store.ts';
import { globalKnownHostsFiles, makeSshTransport } from '../../ssh/transport.ts';
import { asksHere, type Put, putTo } from '../answer.ts';
import { type Examined, type ExamineParts, examine, type Seen, type Surroundings } from '../examine.ts';
import { examineAll } from '../examine-all.ts';
import { bytesOf, hostFindings, type MachineFact, machineFacts, otherReading, unhonoured, wordOf } from '../findings.ts';
import type { RunFlags } from '../flags.ts';
import { givenToLogIn } from '../given.ts';
import { type Place, placeOf } from '../place.ts';
import { usualTimeouts } from '../reach.ts';
import { readSshConfig } from '../ssh-config.ts';
import { type Column, tableLines } from '../table.ts';
import { eachItsWay } from '../transports.ts';
import type { World } from '../world.ts';

/** Ends with 4 when a host would not be reached; with 6 when nothing is missing but what somebody has to say. */
export const doctorVerb = async (world: World, pattern: string, flags: RunFlags): Promise<Result<number>> => {
  const place = await placeOf(world, flags);
  if (!place.ok) return place;
  const chosen = selectHosts(place.value.inventory, pattern, flags.limit);
  if (!chosen.ok) return chosen;
  if (chosen.value.hosts.length === 0) return fail(noHostsMatched(place.value.inventory, pattern, flags.limit));
  const hosts = place.value.fleet.hosts.filter(({ name }) => chosen.value.hosts.includes(name));
  const config = await configFindings(
    world,
    place.value,
    hosts.map(({ name }) => name),
    flags,
  );
  if (!config.ok) return config;
  const given = await givenToLogIn(world, place.value.fleet.source, place.value.passwords, flags);
  if (!given.ok) return given;
  const examined = await lookAtAll(world, place.value, hosts, [...place.value.given, ...given.value], flags);
  const machine = await machineFacts(
    world,
    place.value.stateDir,
    hosts.some(({ address }) => (address as Address).system !== undefined),
  );
  const warnings = [...place.value.warnings, ...chosen.value.warnings, ...config.value];
  const failures = examined.flatMap(({ failure }) => failure ?? []);
  if (flags.json === true)
    world.write(`${safeJson({ hosts: examined.map(asJson), findings: hostFindings(examined), config: warnings, machine })}\n`);
  else world.write(`${report(world.home, examined, warnings, machine, widthOf(world)).join('\n')}\n`);
  return ok(failures.length === 0 ? 0 : failures.every(needsPerson) ? 6 : 4);
};

const widthOf = ({ env }: World): number | undefined =>
  process.stdout.isTTY === true ? process.stdout.columns : Number(env['COLUMNS']) || undefined;

/** What ssh_config says that is not honoured, or is read otherwise by ssh; each sentence once. */
const configFindings = async (
  world: World,
  place: Place,
  names: readonly string[],
  flags: RunFlags,
): Promise<Result<readonly string[]>> => {
  if (place.fleet.practice !== 'no') return ok([]);
  const config = await readSshConfig(world);
  if (!config.ok) return config;
  /** By keyword, so that a value which each host has its own of is one sentence. */
  const found = new Map<string, { readonly sentence: string; readonly hosts: Set<string> }>();
  const note = (about: string, sentence: string, host: string): void => {
    const known = found.get(about) ?? { sentence, hosts: new Set() };
    found.set(about, known);
    known.hosts.add(host);
  };
  const isNew = (keyword: string): boolean => !place.warnings.some(warning => warning.includes(`ssh_config: ${keyword} `));
  const readings = new Set<string>();
  for (const name of names) {
    const host = place.inventory.hosts.get(name);
    // A file of their own is not what ssh_config says on this machine.
    if (configFileOf(host?.vars ?? {}, world) !== undefined) continue;
    const query = queryOf(name, host?.vars ?? {}, flags.user === undefined ? {} : { remoteUser: flags.user });
    const key = JSON.stringify(query);
    if (readings.has(key)) continue;
    readings.add(key);
    const options = await config.value.optionsFor(query);
    if (!options.ok) return options;
    for (const keyword of unhonoured(options.value).filter(isNew)) note(keyword, `ssh_config: ${keyword} is not honoured`, name);
    if (readings.size <= mostReadings)
      for (const line of (await otherReading(query, options.value, world)) ?? [])
        note(`ssh -G ${wordOf(line)}`, `ssh -G says "${line}", which is read otherwise here`, name);
  }
  return ok([...found.values()].map(({ sentence, hosts }) => `${sentence} (${hosts.size === 1 ? [...hosts][0] : `${hosts.size} hosts`})`));
};

/** ssh is asked about so many hosts, since each takes a process. */
const mostReadings = 100;

/** Looks at the hosts, with what is given for logging in; in a terminal, with what is asked for there. */
const lookAtAll = async (
  world: World,
  place: Place,
  hosts: readonly PlannedHost[],
  given: readonly Entrusted[],
  flags: RunFlags,
): Promise<readonly Examined[]> => {
  const asks = asksHere(world, flags) === 'yes';
  const realms = new Realms();
  realms.learn(place.fleet);
  const keeper = new Keeper({ realmOf: account => realms.of(account), canAsk: () => asks });
  keeper.entrust(given);
  const seen: Seen = { keys: new Map(), logins: new Map() };
  const timeouts = usualTimeouts;
  const ours = makeSshTransport({
    timeouts,
    home: world.home,
    secrets: keeper,
    ...(world.uid !== undefined && { uid: world.uid }),
    witness: { hostKey: (address, blob) => void seen.keys.set(address, blob), login: (address, by) => void seen.logins.set(address, by) },
  });
  const systems = makeOpensshTransport({ timeouts, env: world.env });
  const here = makeLocalTransport({ timeouts, home: world.home, env: world.env });
  const parts: ExamineParts = {
    transport: eachItsWay({ ssh2: ours, openssh: systems, local: here }),
    seen,
    knownHosts: makeKnownHostsStore(),
    home: world.home,
    globalKnownHostsFiles,
    now: () => performance.now(),
    wall: () => world.clock.wall(),
    nonce: () => randomBytes(8).toString('hex'),
  };
  const agentSocket = world.env['SSH_AUTH_SOCK'];
  const examined = await examineAll({
    hosts: hosts.map(({ name, address }) => ({ name, address: { ...(agentSocket && { agentSocket }), ...(address as Address) } })),
    forks: place.forks ?? 25,
    keeper,
    examine: (name, address) => examine(name, address, parts),
    ...(asks && { ask: question => askInTerminal(world, question) }),
  });
  keeper.wipe();
  return examined;
};

/** Ctrl-C ends all of it: nothing is held here. */
const askInTerminal = async (world: World, question: Question): Promise<Put> => {
  const put = await putTo(world, question, new AbortController().signal);
  if (put === 'stop') process.kill(process.pid, 'SIGINT');
  return put;
};

const columns: readonly Column[] = [
  { title: 'HOST', rank: 0, least: 12 },
  { title: 'STATE', rank: 1, least: 18 },
  { title: 'ADDRESS', rank: 2, least: 14 },
  { title: 'TRANSPORT', rank: 7, least: 12 },
  { title: 'THROUGH', rank: 8, least: 14 },
  { title: 'KEY', rank: 3, least: 11 },
  { title: 'HOST KEY', rank: 4, least: 9 },
  { title: 'IT STANDS AT', rank: 8.5, least: 16 },
  { title: 'MS', rank: 5, least: 5, align: 'right' },
  { title: 'SH', rank: 9, least: 8 },
  { title: 'FREE', rank: 6, least: 7, align: 'right' },
  { title: 'CLOCK', rank: 10, least: 5, align: 'right' },
];

const rowOf = (home: string, { host, address, transport, failure, key, hostKey, latency, there }: Examined): readonly string[] =>
  [
    host,
    failure === undefined ? 'ok' : stateWords(failure),
    address.local === true ? 'this machine' : placeWords(address),
    transport,
    (address.via ?? []).map(placeWords).join(' > '),
    key ?? (transport === 'openssh' && failure === undefined ? "ssh's own" : ''),
    hostKey?.state ?? '',
    hostKey?.file === undefined ? '' : `${hostKey.file}${hostKey.line === undefined ? '' : `:${hostKey.line}`}`,
    latency === undefined ? '' : latency.toFixed(latency < 10 ? 1 : 0),
    shellWords(there),
    there?.free === undefined ? '' : bytesOf(there.free),
    there?.skew === undefined ? '' : `${there.skew > 0 ? '+' : ''}${there.skew} s`,
  ].map(cell => safeText(cell, 300).replaceAll(`${home}/`, '~/'));

/** What somebody has to say is named shortly; the sentence below says how. */
const stateWords = ({ tag, facts }: Failure): string => {
  const what = { password: 'needs a password: -k', passphrase: 'needs a passphrase', codes: 'needs a one-time code' }[
    String(facts?.['needs'])
  ];
  return tag === 'needs-person' && what !== undefined ? what : failureTable[tag].what;
};

/** The login shell is named where it is another than sh itself. */
const shellWords = (there: Surroundings | undefined): string => {
  const login = there?.loginShell?.replace(/^.*\//, '');
  const other = login === undefined || login === 'sh' || there?.sh?.split(' ')[0] === login ? undefined : `login ${login}`;
  return [there?.sh, other].filter(Boolean).join(', ');
};

const placeWords = ({ user, host, port }: Address): string =>
  `${user}@${host.includes(':') ? `[${host}]` : host}${port === 22 ? '' : `:${port}`}`;

const report = (
  home: string,
  examined: readonly Examined[],
  warnings: readonly string[],
  machine: readonly MachineFact[],
  width: number | undefined,
): readonly string[] => {
  const { lines, left } = tableLines(
    columns,
    examined.map(one => rowOf(home, one)),
    width,
  );
  const findings = hostFindings(examined);
  const reached = examined.filter(({ failure }) => failure === undefined).length;
  const asking = examined.filter(({ failure }) => failure?.tag === 'needs-person').length;
  return [
    ...lines,
    ...(left.length > 0 ? [`(no room for ${left.join(', ')}: a wider terminal shows them, and --json)`] : []),
    '',
    `${reached} of ${examined.length} would be reached${asking > 0 ? `, ${asking} more with what is asked for there` : ''}`,
    ...section('what to mend', findings),
    ...section("over the system's ssh", systemLines(examined)),
    ...section('ssh_config and inventory', warnings),
    ...section(
      'this machine',
      machine.map(({ what, state, said }) => `${state === 'fine' ? '' : 'mend: '}${what}: ${said}`),
    ),
  ];
};

/** Who goes over the system's ssh because ours cannot, and why. */
const systemLines = (examined: readonly Examined[]): readonly string[] =>
  [
    ...Map.groupBy(
      examined.filter(({ address }) => address.system?.why !== undefined),
      ({ address }) => address.system?.why ?? '',
    ),
  ].map(([why, hosts]) => `${fold(hosts.map(({ host }) => host))}: ${why}`);

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map(line => `  ${safeText(line, 1000)}`)];

const asJson = ({ address, ...one }: Examined) => ({
  ...one,
  address: placeWords(address),
  ...(address.system?.why !== undefined && { why: address.system.why }),
  hops: (address.via ?? []).map(placeWords),
});
