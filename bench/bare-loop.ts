// The floor: ssh2 alone runs the same runner with the same forks and poll, and nothing else: no journal, no driver, no events.
// A child process that lives as long as the benchmark, as the driver does, so that both are as warm. Argument: JSON {@link Hosts};
// each message is a {@link BareWork}, answered by its cost.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Client } from 'ssh2';
import { encodeRequest, encodeWithRunner, type Request } from '../src/remote/frames.ts';
import { decodeReply } from '../src/remote/replies.ts';
import { runner } from '../src/remote/runner-text.ts';
import { jidIn, startIn } from './request.ts';

/** Where to, and how many connections at once. */
export type Hosts = {
  readonly names: readonly string[];
  readonly port: number;
  readonly user: string;
  readonly keyPath: string;
  readonly forks: number;
};

/** `look` is about the jobs of the last `start`; `wall` starts and looks each second until all are home. */
export type BareWork = { readonly scenario: 'start' | 'look' | 'wall'; readonly seconds: number };

const hosts = JSON.parse(process.argv[2] ?? '{}') as Hosts;
const key = readFileSync(hosts.keyPath);
const by = { line: randomBytes(16).toString('hex'), epoch: Date.now(), driverId: randomBytes(16).toString('hex') };
let run = '';

const connect = (): Promise<Client> =>
  new Promise((resolve, reject) => {
    const client = new Client();
    client.on('ready', () => resolve(client)).on('error', reject);
    client.connect({ host: '127.0.0.1', port: hosts.port, username: hosts.user, privateKey: key });
    client.setNoDelay(true);
  });

const exec = (client: Client, command: string, stdin: Uint8Array): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    client.exec(command, (error, stream) => {
      if (error) return reject(error);
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.stderr.resume();
      stream.on('close', () => resolve(Buffer.concat(chunks)));
      stream.end(Buffer.from(stdin));
    });
  });

const close = (client: Client): Promise<void> =>
  new Promise(resolve => {
    client.on('close', () => resolve());
    client.end();
  });

/** Says `done`, or what else the host says of the one job that is asked about. */
const ask = async (client: Client, request: Request): Promise<string> => {
  const nonce = randomBytes(8).toString('hex');
  for (const encode of [encodeRequest, encodeWithRunner]) {
    const { command, stdin } = encode(request, nonce, runner);
    const stdout = await exec(client, command, stdin);
    const reply = decodeReply(request, nonce, { stdout, stderr: new Uint8Array(0), code: 0, signal: undefined });
    if (!reply.ok) throw new Error(reply.failure.cause);
    if (reply.value.kind !== 'need') return 'reports' in reply.value ? (reply.value.reports[0]?.state.kind ?? '') : '';
  }
  throw new Error('the runner cannot be kept');
};

let free = hosts.forks;
const queue: (() => void)[] = [];

/** One connection for one request, when one of the forks is free. */
const once = async (request: Request): Promise<string> => {
  if (free === 0) await new Promise<void>(resolve => queue.push(resolve));
  else free -= 1;
  const client = await connect();
  const said = await ask(client, request);
  await close(client);
  const next = queue.shift();
  if (next === undefined) free += 1;
  else next();
  return said;
};

const start = (host: string, seconds: number): Request => startIn(run, host, `sleep ${seconds}`, by);

const look = (host: string): Request => ({ kind: 'look', jobs: [{ jid: jidIn(run, host), outFrom: 0, errFrom: 0, most: 65_536 }] });

const untilHome = async (host: string, seconds: number): Promise<void> => {
  await once(start(host, seconds));
  do await new Promise(resolve => setTimeout(resolve, 1000));
  while ((await once(look(host))) !== 'done');
};

const work = async ({ scenario, seconds }: BareWork): Promise<void> => {
  if (scenario !== 'look') run = randomBytes(16).toString('hex');
  const one = { start: (host: string) => once(start(host, seconds)), look: (host: string) => once(look(host)), wall: untilHome }[scenario];
  await Promise.all(hosts.names.map(host => one(host, seconds)));
};

process.on('message', async (message: BareWork) => {
  const began = performance.now();
  const cpu = process.cpuUsage();
  await work(message);
  const used = process.cpuUsage(cpu);
  process.send?.({ wall: (performance.now() - began) / 1000, cpu: (used.user + used.system) / 1e6 });
});
process.on('disconnect', () => process.exit(0));
