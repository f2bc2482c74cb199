// The only place for `rollcall run` and the last steps that `play` shares with it: plan, submit, follow.

import type { RunOptions } from '../../domain/event.ts';
import type { Entrusted } from '../../domain/need.ts';
import { noHostsMatched } from '../../domain/pattern.ts';
import { adHocPlan, type Plan, resolveHosts, withBecome } from '../../domain/plan.ts';
import { fail, ok, type Result } from '../../domain/result.ts';
import type { Link } from '../../driver/protocol.ts';
import { ansibleJsonOutput } from '../../outputs/ansible-json.ts';
import { ndjsonOutput } from '../../outputs/ndjson.ts';
import type { Output, OutputParts } from '../../outputs/output.ts';
import { plainOutput } from '../../outputs/plain.ts';
import { checkPlan } from '../../template/check-plan.ts';
import { asksHere, makeAnswerer } from '../answer.ts';
import type { RunFlags } from '../flags.ts';
import { secretVarsFor, withoutPasswords } from '../fleet.ts';
import { follow } from '../follow.ts';
import { givenFor } from '../given.ts';
import { askForMirror, readMirrorWish } from '../mirror.ts';
import { type Place, placeOf } from '../place.ts';
import { reach } from '../reach.ts';
import type { World } from '../world.ts';

/** `rollcall run PATTERN [flags] -- COMMAND`. Returns the exit code. */
export const runVerb = async (
  world: World,
  pattern: string,
  words: readonly string[],
  flags: RunFlags,
  argv: readonly string[],
): Promise<Result<number>> => {
  const command = words.length > 0 ? words.join(' ') : flags.args;
  if (command === undefined || command.trim() === '') {
    return fail({ tag: 'bad-input', cause: `nothing to run; write it behind --, as in: rollcall run ${pattern} -- uptime` });
  }
  if (flags.poll === 0 && flags.background === undefined) {
    return fail({ tag: 'bad-input', cause: '-P 0 lets go, which takes a time limit: add -B SECONDS' });
  }
  const place = await placeOf(world, flags, { patterns: [pattern] });
  if (!place.ok) return place;
  const plan = adHocPlan({
    pattern,
    command,
    module: flags.module === 'command' ? 'command' : 'shell',
    async: flags.background ?? 0,
    ...(flags.poll !== undefined && { poll: flags.poll }),
    ...(flags.serial !== undefined && { serial: flags.serial }),
    ...(flags.once !== undefined && { once: flags.once }),
    noLog: !flags.log,
    templates: flags.template ? 'render' : 'verbatim',
  });
  return startAndFollow(world, place.value, plan, flags, argv);
};

/** Submits a plan and follows it to its end. */
export const startAndFollow = async (
  world: World,
  place: Place,
  unresolved: Plan,
  flags: RunFlags,
  argv: readonly string[],
): Promise<Result<number>> => {
  for (const warning of place.warnings) world.say(warning);
  const checked = checkPlan(unresolved);
  if (!checked.ok) return checked;
  const resolved = resolveHosts(withBecome(unresolved, place.become), place.inventory, flags.limit);
  if (!resolved.ok) return resolved;
  for (const warning of resolved.value.warnings) world.say(warning);
  const { plan } = resolved.value;
  if (plan.plays.every(({ hosts }) => hosts.length === 0)) {
    return fail(noHostsMatched(place.inventory, plan.plays[0]?.pattern ?? 'all', flags.limit));
  }
  if (flags.listHosts === true) {
    for (const { hosts } of plan.plays) world.write(`  hosts (${hosts.length}):\n${hosts.map(host => `    ${host}\n`).join('')}`);
    return ok(0);
  }
  const mirror = readMirrorWish(world, place.stateDir, place.mirror);
  if (!mirror.ok) return mirror;
  const given = await givenFor(world, place.fleet.source, place.passwords);
  if (!given.ok) return given;
  const asks = asksHere(world, flags);
  const wish = {
    ...(place.forks !== undefined && { forks: place.forks }),
    ...(flags.persist !== undefined && { persist: flags.persist }),
    ...(flags.startRate !== undefined && { startRate: flags.startRate }),
    ...(flags.handshakes !== undefined && { handshakes: flags.handshakes }),
  };
  const link = await reach(world, place.stateDir, 'headless', wish, asks);
  if (!link.ok) return link;
  const mirrored = await askForMirror(link.value, mirror.value);
  if (!mirrored.ok) return mirrored;
  const entrusted = await entrust(link.value, [...place.given, ...given.value]);
  if (!entrusted.ok) return entrusted;
  const options = optionsOf(flags, place, argv, 'headless', withoutPasswords(place.extraVars));
  const submitted = await link.value.ask({
    verb: 'submit',
    fleet: place.fleet,
    plan,
    options,
    ...(flags.mask !== undefined && { mask: flags.mask }),
    ...secretVarsFor(
      place,
      plan.plays.flatMap(({ hosts }) => hosts),
    ),
  });
  if (!submitted.ok) {
    link.value.close();
    return submitted;
  }
  if (submitted.value.joined === 'yes') world.say(`joined run ${submitted.value.number}, which holds the name ${flags.once}`);
  const { code } = await follow({
    world,
    link: link.value,
    run: submitted.value.run,
    stateFlag: flags.state,
    makeOutput: outputOf(flags),
    onStop: 'hold',
    until: 'run ended',
    ...(asks !== undefined && { answerer: makeAnswerer(world, link.value) }),
  });
  link.value.close();
  return ok(code);
};

/** Tells the driver what this client knows, before the run that may need it. */
export const entrust = async (link: Link, secrets: readonly Entrusted[]): Promise<Result<unknown>> =>
  secrets.length === 0 ? ok(undefined) : link.ask({ verb: 'entrust', secrets });

/** The options of a run as flags say them. */
export const optionsOf = (
  flags: RunFlags,
  place: Place,
  argv: readonly string[],
  askedFrom: RunOptions['askedFrom'],
  extraVars: RunOptions['extraVars'],
): RunOptions => ({
  forks: flags.forks ?? place.forks ?? 25,
  ...(flags.poll !== undefined && flags.poll > 0 && { poll: flags.poll }),
  giveUp: flags.giveUp ?? 30 * 60,
  grace: 30,
  cap: 8 * 1024 * 1024,
  ...(flags.once !== undefined && { once: flags.once }),
  ...(flags.ansibleAsync === true && { ansibleAsync: 'yes' }),
  log: flags.log ? 'yes' : 'no',
  template: flags.template === false ? 'no' : 'yes',
  ...(flags.reason !== undefined && { reason: flags.reason }),
  askedFrom,
  argv: flags.log ? argv : argv.slice(0, 1),
  results: flags.output === 'ansible-json' ? 'all' : 'registered',
  extraVars,
});

/** The output that the flags name. */
export const outputOf = (flags: Pick<RunFlags, 'json' | 'output'>): ((parts: OutputParts) => Output) => {
  if (flags.output === 'ansible-json') return ansibleJsonOutput;
  return flags.json === true || flags.output === 'json' ? ndjsonOutput : plainOutput;
};
