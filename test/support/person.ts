// The only place for a person who answers in tests: gives what was put down for a need, asks for it again after a refusal, keeps the count.
import type { Need, Outcome, Secrets, Taken } from '../../src/domain/need.ts';

/** What one need is called in tests: `password ops@127.0.0.1:22`, `passphrase /k/key`, `codes …`, `become …`, `host-key …`. */
export const nameOfNeed = (need: Need): string => `${need.kind} ${need.kind === 'passphrase' ? need.path : need.account.at}`;

export type Person = Secrets & {
  /** What is given next, by kind; each value until it is refused. */
  give(kind: Need['kind'], ...values: string[]): void;
  /** Needs that found no answer, in order. */
  readonly asked: readonly Need[];
  /** How it went with what was given: `password refused`. */
  readonly outcomes: readonly string[];
  /** Takes that nobody has told the outcome of. */
  open(): number;
};

/** @param otherwise how a need without an answer ends */
export const makePerson = (otherwise: 'waits-for-answer' | 'needs-person' | 'password-refused' = 'waits-for-answer'): Person => {
  const given = new Map<Need['kind'], string[]>();
  const asked: Need[] = [];
  const outcomes: string[] = [];
  let open = 0;
  return {
    asked,
    outcomes,
    open: () => open,
    give: (kind, ...values) => void given.set(kind, values),
    take: (need): Taken => {
      const values = given.get(need.kind);
      if (values === undefined) {
        asked.push(need);
        return {
          kind: 'not-now',
          failure: { tag: otherwise, host: 'another', cause: `${nameOfNeed(need)} is asked for`, facts: { waitsFor: need.kind } },
        };
      }
      open++;
      let settled = false;
      return {
        kind: 'have',
        values,
        settle: (outcome: Outcome) => {
          if (settled) throw new Error(`settled twice: ${nameOfNeed(need)}`);
          settled = true;
          open--;
          outcomes.push(`${need.kind} ${outcome}`);
          if (outcome === 'refused') given.delete(need.kind);
        },
      };
    },
  };
};
