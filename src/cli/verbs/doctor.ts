// The only place for `rollcall doctor [PATTERN]`: looks at every host with the transports of a run, and tells what it found.
// It connects by itself, without a driver; connections at once stay below forks, jump hosts counted.
import { randomBytes } from 'node:crypto';
import { failureTable } from '../../domain/failure.ts';
import { fold } from '../../domain/nodeset.ts';
import { noHostsMatched, selectHosts } from '../../domain/pattern.ts';
import { fail, ok, type Result } from '../../domain/result.ts';
import { safeJson, safeText } from '../../domain/safe-line.ts';
import { makeLocalTransport } from '../../local/transport.ts';
import { makeOpensshTransport } from '../../openssh/transport.ts';
import type { Address, Timeouts } from '../../remote/ports.ts';
import { configFileOf, queryOf } from '../../ssh/address.ts';
import { makeKnownHostsStore } from '../../ssh/known-hosts-store.ts';
import { makeSshTransport } from '../../ssh/transport.ts';
import { type Examined, type ExamineParts, examine, type Seen, type Surroundings } from '../examine.ts';
import { bytesOf, hostFindings, type MachineFact, machineFacts, otherReading, unhonoured } from '../findings.ts';
import type { RunFlags } from '../flags.ts';
import { type Place, placeOf } from '../place.ts';
import { readSshConfig } from '../ssh-config.ts';
import { type Column, tableLines } from '../table.ts';
import { eachItsWay } from '../transports.ts';
import type { World } from '../world.ts';

const globalKnownHostsFiles = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];

/** Ends with 4 when a host would not be reached. */
export const doctorVerb = async (world: World, pattern: string, flags: RunFlags): Promise<Result<number>> => {
  const place = await placeOf(world, flags);
  if (!place.ok) return place;
  const chosen = selectHosts(place.value.inventory, pattern, flags.limit);
  if (!chosen.ok) return chosen;
  if (chosen.value.hosts.length === 0) return fail(noHostsMatched(place.value.inventory, pattern, flags.limit));
  const hosts = place.value.fleet.hosts.filter(({ name }) => chosen.value.hosts.includes(name));
  const addresses = hosts.map(({ name, address }) => ({ name, address: address as Address }));
  const config = await configFindings(
    world,
    place.value,
    hosts.map(({ name }) => name),
    flags,
  );
  if (!config.ok) return config;
  const examined = await examineAll(world, addresses, place.value.forks ?? 25, flags.timeout ?? 10);
  const machine = await machineFacts(
    world,
    place.value.stateDir,
    addresses.some(({ address }) => address.system !== undefined),
  );
  const warnings = [...place.value.warnings, ...chosen.value.warnings, ...config.value];
  const isOut = examined.some(({ failure }) => failure !== undefined);
  if (flags.json === true)
    world.write(`${safeJson({ hosts: examined.map(asJson), findings: hostFindings(examined), config: warnings, machine })}\n`);
  else world.write(`${report(world.home, examined, warnings, machine, widthOf(world)).join('\n')}\n`);
  return ok(isOut ? 4 : 0);
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
  const found = new Map<string, string[]>();
  const note = (sentence: string, host: string): void => void found.set(sentence, [...(found.get(sentence) ?? []), host]);
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
    for (const keyword of unhonoured(options.value).filter(isNew)) note(`ssh_config: ${keyword} is not honoured`, name);
    if (readings.size <= mostReadings) for (const other of (await otherReading(query, options.value, world)) ?? []) note(other, name);
  }
  return ok([...found].map(([sentence, hosts]) => `${sentence} (${hosts.length === 1 ? hosts[0] : `${hosts.length} hosts`})`));
};

/** Handshakes at once with one address, well below sshd's MaxStartups; more would also spoil the times that are measured. */
const handshakes = 8;

/** ssh is asked about so many hosts, since each takes a process. */
const mostReadings = 100;

const examineAll = async (
  world: World,
  hosts: readonly { readonly name: string; readonly address: Address }[],
  forks: number,
  timeout: number,
): Promise<readonly Examined[]> => {
  const seen: Seen = { keys: new Map(), logins: new Map() };
  const timeouts: Timeouts = { connect: timeout * 1000, handshake: 15_000, reply: 30_000 };
  const ours = makeSshTransport({
    timeouts,
    home: world.home,
    globalKnownHostsFiles,
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
  const found = new Map<string, Examined>();
  const waiting = [...hosts];
  let open = 0;
  const busy = new Map<string, number>();
  const busyAt = (gate: string): number => busy.get(gate) ?? 0;
  await new Promise<void>(resolve => {
    const next = (): void => {
      for (const one of [...waiting]) {
        const { name } = one;
        const address = { ...(agentSocket && { agentSocket }), ...one.address };
        const weight = 1 + (address.via?.length ?? 0);
        const gate = (address.via?.[0] ?? address).host;
        if (open > 0 && (open + weight > forks || busyAt(gate) >= handshakes)) continue;
        waiting.splice(waiting.indexOf(one), 1);
        if (weight > forks) {
          const cause = `it takes ${weight} connections, and -f is ${forks}`;
          found.set(name, { host: name, address, transport: 'ssh2', failure: { tag: 'chain-too-long', host: name, cause } });
          continue;
        }
        open += weight;
        busy.set(gate, busyAt(gate) + 1);
        void examine(name, address, parts).then(told => {
          found.set(name, told);
          open -= weight;
          busy.set(gate, busyAt(gate) - 1);
          next();
        });
      }
      if (waiting.length === 0 && open === 0) resolve();
    };
    next();
  });
  return hosts.flatMap(({ name }) => found.get(name) ?? []);
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
    failure === undefined ? 'ok' : failureTable[failure.tag].what,
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
  const out = examined.filter(({ failure }) => failure !== undefined).length;
  return [
    ...lines,
    ...(left.length > 0 ? [`(no room for ${left.join(', ')}: a wider terminal shows them, and --json)`] : []),
    '',
    `${examined.length - out} of ${examined.length} would be reached`,
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
