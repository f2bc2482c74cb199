// The floor: ssh2 alone runs the same runner with the same forks, and nothing else: no journal, no driver, no events.
// Arguments: JSON {names, port, user, keyPath, forks, scenario}; prints JSON {wall, cpu} without its own start-up.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Client } from 'ssh2';
import { type Jid, jidOf } from '../src/domain/job.ts';
import { encodeRequest, encodeWithRunner, type Request } from '../src/remote/frames.ts';
import { decodeReply } from '../src/remote/replies.ts';
import { runner } from '../src/remote/runner-text.ts';

type Task = {
  readonly names: readonly string[];
  readonly port: number;
  readonly user: string;
  readonly keyPath: string;
  readonly forks: number;
  readonly scenario: 'start' | 'look' | 'wall';
  /** Seconds that the command sleeps. */
  readonly seconds: number;
};

const task = JSON.parse(process.argv[2] ?? '{}') as Task;
const key = readFileSync(task.keyPath);
const run = randomBytes(16).toString('hex');
const by = {
  line: createHash('sha256').update(run).digest('hex').slice(0, 32),
  epoch: Date.now(),
  driverId: randomBytes(16).toString('hex'),
};

const connect = (): Promise<Client> =>
  new Promise((resolve, reject) => {
    const client = new Client();
    client.on('ready', () => resolve(client)).on('error', reject);
    client.connect({ host: '127.0.0.1', port: task.port, username: task.user, privateKey: key });
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

const ask = async (client: Client, request: Request): Promise<unknown> => {
  const nonce = randomBytes(8).toString('hex');
  for (const encode of [encodeRequest, encodeWithRunner]) {
    const { command, stdin } = encode(request, nonce, runner);
    const stdout = await exec(client, command, stdin);
    const reply = decodeReply(request, nonce, { stdout, stderr: new Uint8Array(0), code: 0, signal: undefined });
    if (!reply.ok) throw new Error(reply.failure.cause);
    if (reply.value.kind !== 'need') return reply.value;
  }
  throw new Error('the runner cannot be kept');
};

const over = async <T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> => {
  const rest = [...items];
  await Promise.all(
    Array.from({ length: task.forks }, async () => {
      for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
    }),
  );
};

const jidFor = (host: string): Jid => jidOf({ runId: run, taskPath: '0.0', host, item: 0, attempt: 1 });

const start = (host: string): Request => ({
  kind: 'start',
  by,
  most: 65_536,
  start: {
    jid: jidFor(host),
    script: `sleep ${task.seconds}`,
    limit: 60,
    grace: 5,
    cap: 8 << 20,
    linger: 0,
    about: {
      runId: run,
      runNumber: 1,
      title: 'bench',
      operator: 'bench',
      machine: 'bench',
      host,
      task: '0.0',
      batch: '1/1',
      command: 'sleep',
    },
  },
});

const look = (host: string): Request => ({ kind: 'look', jobs: [{ jid: jidFor(host), outFrom: 0, errFrom: 0, most: 65_536 }] });

const oneByOne = (request: (host: string) => Request) => (hosts: readonly string[]) =>
  over(hosts, async host => {
    const client = await connect();
    await ask(client, request(host));
    await close(client);
  });

const startAll = oneByOne(start);
const lookAll = oneByOne(look);

const untilHome = async (): Promise<void> => {
  await startAll(task.names);
  let out = new Set(task.names);
  while (out.size > 0) {
    await new Promise(resolve => setTimeout(resolve, 1000));
    const still = new Set<string>();
    await over([...out], async host => {
      const client = await connect();
      const reply = (await ask(client, look(host))) as { readonly reports: readonly { readonly state: { readonly kind: string } }[] };
      if (reply.reports[0]?.state.kind !== 'done') still.add(host);
      await close(client);
    });
    out = still;
  }
};

if (task.scenario === 'look') await startAll(task.names);
const began = performance.now();
const cpu = process.cpuUsage();
await { start: () => startAll(task.names), look: () => lookAll(task.names), wall: untilHome }[task.scenario]();
const used = process.cpuUsage(cpu);
process.stdout.write(`${JSON.stringify({ wall: (performance.now() - began) / 1000, cpu: (used.user + used.system) / 1e6 })}\n`);
process.exit(0);
