// The only place that decides which keys are offered to a host, and in which order: OpenSSH's.
// Named keys that the agent holds come first, then the agent's other keys, then the remaining files.
// It asks the agent and the disk, never the network.
import ssh2, { type ParsedKey } from 'ssh2';
import type { Address } from '../remote/ports.ts';
import { type AgentAnswer, type AgentKey, listAgentKeys } from './agent.ts';
import { keyTypeOf } from './known-hosts.ts';
import { byOpenssh, type LockedKey, type PrivateKey, type PrivateKeys } from './private-keys.ts';

/** One key to offer. `label` names it to people: a path, or what the agent calls it. */
export type Identity =
  | { readonly kind: 'file'; readonly label: string; readonly key: ParsedKey }
  | { readonly kind: 'agent'; readonly label: string; readonly key: ParsedKey; readonly blob: Buffer; readonly socket: string }
  /** A file with a passphrase. `key`: its public half, where that can be read: then the host is asked first whether it takes it. */
  | { readonly kind: 'locked'; readonly label: string; readonly key?: ParsedKey; readonly file: LockedKey };

/** Keys to offer, and what stood in the way of others. */
export type Identities = {
  readonly offers: readonly Identity[];
  /** Key files that the address names but that cannot be used, first one first. */
  readonly unusable: readonly Unusable[];
  /** Why the agent's keys are not among the offers: "the agent at PATH does not answer". */
  readonly agentTrouble?: string;
  /** Keys of the agent that only ssh itself can use, with what to do: "agent key "x" is a certificate …". */
  readonly strange: readonly string[];
};

/** A key file that cannot be used. `named`: the address asked for it; otherwise it is one of the default files. */
export type Unusable = { readonly path: string; readonly why: string; readonly missing: boolean; readonly named: boolean };

/** Finds the identities of an address. Never rejects. */
export type IdentityFinder = (address: Address) => Promise<Identities>;

/** Looked for in `~/.ssh` when an address names no key. */
const DEFAULT_FILES = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

type Options = {
  readonly home: string;
  readonly keys: PrivateKeys;
  /** Time for an agent to list its keys, ms. */
  readonly agentPatience: number;
  /** Whether somebody may give a passphrase; else a file that has one cannot be used. */
  readonly mayOpen: boolean;
};

/** @returns a finder; connects at the same time share one question to the agent. */
export const makeIdentityFinder = ({ home, keys, agentPatience, mayOpen }: Options): IdentityFinder => {
  const asking = new Map<string, Promise<AgentAnswer<readonly AgentKey[]>>>();

  const askAgent = (socket: string | undefined): Promise<AgentAnswer<readonly AgentKey[]>> => {
    if (socket === undefined || socket === '') return Promise.resolve({ ok: true, value: [] });
    const shared = asking.get(socket);
    if (shared !== undefined) return shared;
    const question = listWithin(socket, agentPatience).finally(() => asking.delete(socket));
    asking.set(socket, question);
    return question;
  };

  return async address => {
    const named = address.identityFiles.length > 0;
    const paths = named ? address.identityFiles : DEFAULT_FILES.map(name => `${home}/.ssh/${name}`);
    const [held, loaded] = await Promise.all([
      askAgent(address.agentSocket),
      Promise.all([...new Set(paths)].map(async path => openedOr(await keys.load(path), mayOpen))),
    ]);
    const files = loaded.filter((file, at) => !loaded.slice(0, at).some(earlier => isTwin(earlier, file)));
    const inAgent = held.ok ? held.value : [];
    return {
      offers: inOrder(files, inAgent, address),
      unusable: files.flatMap(file => explain(file, named, inAgent)),
      strange: address.identitiesOnly === true ? [] : inAgent.flatMap(strangeness),
      ...(held.ok ? {} : { agentTrouble: `the agent at ${address.agentSocket} ${held.why}` }),
    };
  };
};

const listWithin = async (socket: string, patience: number): Promise<AgentAnswer<readonly AgentKey[]>> => {
  const patienceEnds = new AbortController();
  const timer = setTimeout(() => patienceEnds.abort(), patience);
  try {
    return await listAgentKeys(socket, patienceEnds.signal);
  } finally {
    clearTimeout(timer);
  }
};

/** A file that was opened is as good as one without a passphrase. */
const openedOr = (file: PrivateKey, mayOpen: boolean): PrivateKey => {
  if (file.kind !== 'locked') return file;
  const { path, publicBlob } = file;
  const key = file.opened();
  if (key !== undefined) return { kind: 'usable', path, key, publicBlob: key.getPublicSSH() };
  if (mayOpen) return file;
  return {
    kind: 'unusable',
    path,
    why: 'it is encrypted; add it to ssh-agent',
    missing: false,
    ...(publicBlob !== undefined && { publicBlob }),
  };
};

const isTwin = (one: PrivateKey, other: PrivateKey): boolean =>
  one.kind === other.kind && one.publicBlob !== undefined && other.publicBlob?.equals(one.publicBlob) === true;

/** A file that can be read signs by itself, also in the agent's place: that is one question less to the agent. */
const inOrder = (
  files: readonly PrivateKey[],
  held: readonly AgentKey[],
  { agentSocket: socket = '', identitiesOnly }: Address,
): Identity[] => {
  const named = files.flatMap(file => {
    const twin = held.find(key => file.publicBlob?.equals(key.blob));
    return twin === undefined ? [] : [file.kind === 'usable' ? fromFile(file) : fromAgent(twin, socket, file.path)];
  });
  const strangers = identitiesOnly === true ? [] : held;
  const others = strangers.filter(key => !files.some(file => file.publicBlob?.equals(key.blob))).map(key => fromAgent(key, socket));
  const rest = files.filter(file => !held.some(key => file.publicBlob?.equals(key.blob))).map(fromFile);
  return [...named, ...others, ...rest].filter(identity => identity !== undefined);
};

const fromFile = (file: PrivateKey): Identity | undefined => {
  if (file.kind === 'usable') return { kind: 'file', label: file.path, key: file.key };
  if (file.kind === 'unusable') return undefined;
  const key = file.publicBlob && publicKeyIn(file.publicBlob);
  return { kind: 'locked', label: file.path, file, ...(key !== undefined && { key }) };
};

/** Certificates and security keys are passed over: ssh2 has no words for them. */
const fromAgent = ({ blob, comment }: AgentKey, socket: string, path?: string): Identity | undefined => {
  const key = publicKeyIn(blob);
  if (key === undefined) return undefined;
  const label = path ?? `agent key "${comment === '' ? key.type : comment}"`;
  return { kind: 'agent', label, key, blob, socket };
};

const publicKeyIn = (blob: Buffer): ParsedKey | undefined => {
  const parsed = ssh2.utils.parseKey(blob);
  const key: ParsedKey | Error | undefined = Array.isArray(parsed) ? parsed[0] : parsed;
  return key instanceof Error ? undefined : key;
};

const strangeness = ({ blob, comment }: AgentKey): string[] => {
  const type = keyTypeOf(blob);
  const what = type.includes('-cert-v0') ? 'a certificate' : type.startsWith('sk-') ? 'a security key' : undefined;
  return what === undefined ? [] : [`agent key "${comment === '' ? type : comment}" is ${what}, which only ssh itself can use${byOpenssh}`];
};

const explain = (file: PrivateKey, named: boolean, held: readonly AgentKey[]): Unusable[] => {
  if (file.kind !== 'unusable' || (file.missing && !named)) return [];
  if (held.some(key => file.publicBlob?.equals(key.blob))) return [];
  return [{ path: file.path, why: file.why, missing: file.missing, named }];
};
