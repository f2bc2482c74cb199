// The only place that decides when each host is looked at: below forks, few at once at one address, and one that tries a password
// before the others do. Who waits for an answer is asked for when nobody else is left to look at.
import type { Failure } from '../domain/failure.ts';
import { nobodyToAsk, type Question } from '../domain/need.ts';
import type { Keeper } from '../driver/secrets.ts';
import { answerWaitedFor } from '../engine/ports.ts';
import type { Address } from '../remote/ports.ts';
import type { Put } from './answer.ts';
import type { Examined } from './examine.ts';

export type ExamineAllParts = {
  readonly hosts: readonly { readonly name: string; readonly address: Address }[];
  /** Connections at once, jump hosts counted. */
  readonly forks: number;
  readonly keeper: Keeper;
  readonly examine: (name: string, address: Address) => Promise<Examined>;
  /** Absent: nobody can be asked. */
  readonly ask?: ((question: Question) => Promise<Put>) | undefined;
};

/** Handshakes at once with one address, well below sshd's MaxStartups; more would also spoil the times that are measured. */
const handshakes = 8;

/** A host that asks for ever more is left alone. */
const mostLooks = 20;

type Waiting = { readonly name: string; readonly address: Address; looks: number; for?: string | undefined; found?: Examined };

/** In the order of the hosts. */
export const examineAll = async ({ hosts, forks, keeper, examine, ask }: ExamineAllParts): Promise<readonly Examined[]> => {
  const all = hosts.map((host): Waiting => ({ ...host, looks: 0 }));
  const left = new Set(all);
  const busy = new Map<string, number>();
  const busyAt = (gate: string): number => busy.get(gate) ?? 0;
  let open = 0;

  const look = async (one: Waiting, weight: number, gate: string): Promise<void> => {
    left.delete(one);
    open += weight;
    busy.set(gate, busyAt(gate) + 1);
    const isBack = one.for === undefined ? undefined : keeper.setOut(one.for);
    one.looks += 1;
    one.found = await examine(one.name, one.address);
    isBack?.();
    open -= weight;
    busy.set(gate, busyAt(gate) - 1);
    one.for = one.found.failure && answerWaitedFor(one.found.failure);
    if (one.for !== undefined && one.looks < mostLooks) left.add(one);
  };

  /** Looks at all that may be looked at without another answer. */
  const round = (): Promise<void> =>
    new Promise(done => {
      const next = (): void => {
        for (const one of [...left]) {
          const { name, address } = one;
          const weight = 1 + (address.via?.length ?? 0);
          const gate = (address.via?.[0] ?? address).host;
          if (weight > forks) {
            left.delete(one);
            one.found = { host: name, address, transport: 'ssh2', failure: tooLong(name, weight, forks) };
            continue;
          }
          if (open > 0 && (open + weight > forks || busyAt(gate) >= handshakes)) continue;
          if (one.for === undefined || keeper.mayTry(one.for) !== 'nobody') void look(one, weight, gate).then(next);
        }
        if (open === 0) done();
      };
      next();
    });

  for (;;) {
    await round();
    const waiting = Map.groupBy(left, one => one.for ?? '');
    const [question] = keeper.questions(new Map([...waiting].map(([what, those]) => [what, new Set(those.map(({ name }) => name))])));
    if (question === undefined) {
      // To ask may have told that a value is free again.
      if (![...left].some(one => one.for !== undefined && keeper.mayTry(one.for) !== 'nobody')) break;
      continue;
    }
    const put = (await ask?.(question)) ?? 'left';
    if (typeof put !== 'string') keeper.answer([question.id], put);
    else {
      // They would be told the same again.
      const failure = nobodyToAsk(question.need);
      for (const one of waiting.get(question.id) ?? []) {
        left.delete(one);
        if (one.found !== undefined) one.found = { ...one.found, failure: { ...failure, host: one.name } };
      }
    }
  }
  return all.flatMap(({ found }) => found ?? []);
};

const tooLong = (host: string, weight: number, forks: number): Failure => ({
  tag: 'chain-too-long',
  host,
  cause: `it takes ${weight} connections, and -f is ${forks}`,
});
