// The door of the command line: argv → a verb → an exit code, every expected failure in one sentence.
import { Argument, Command, CommanderError, Option } from 'commander';
import { describeFailure, type Failure, type FailureTag } from '../domain/failure.ts';
import { fail, type Result } from '../domain/result.ts';
import { nodeDisk } from '../files/disk.ts';
import { writeOutHostFiles } from '../files/host-file.ts';
import { quoteWord } from '../modules/words.ts';
import {
  listed,
  type PlayFlags,
  type RunFlags,
  seconds,
  whole,
  withAdHoc,
  withChoice,
  withEval,
  withFleet,
  withMirror,
  withOutputs,
  withRun,
  withState,
} from './flags.ts';
import { version } from './reach.ts';
import type { InventoryFlags } from './verbs/inventory.ts';
import { realWorld, type World } from './world.ts';

/** Runs one command line. Returns the exit code of design section 7. */
export const main = async (argv: string[]): Promise<number> => {
  const world = realWorld();
  // Whoever lists processes sees no more of a masked command line than whoever reads the journal.
  if (argv.some(word => /^--(mask(=.*)?|no-log)$/s.test(word))) process.title = 'rollcall';
  let code = 0;
  const did = (result: Result<number>): void => {
    code = result.ok ? result.value : told(world, result.failure);
  };
  const program = programOf(world, argv, did);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 5;
  }
  return code;
};

const programOf = (world: World, argv: readonly string[], did: (result: Result<number>) => void): Command => {
  const program = new Command('rollcall')
    .description('Start long tasks on many hosts over SSH, let go, and watch each come home.')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'rollcall: ')) })
    .enablePositionalOptions()
    .showHelpAfterError('rollcall --help lists the verbs and flags');
  withRun(program)
    .argument('[pattern]', 'hosts to show')
    .option('-B, --background <seconds>', 'time limit of typed tasks', seconds)
    .option('-P, --poll <seconds>', 'look exactly this often', seconds)
    .action(async (pattern: string | undefined, flags: RunFlags) => did(await openVerb(world, pattern, flags, argv)));
  withAdHoc(program.command('run'))
    .description('run one command on the hosts of a pattern')
    .argument('<pattern>')
    .argument('[command...]')
    .action(async (pattern: string, words: string[], flags: RunFlags) =>
      did(await (await import('./verbs/run.ts')).runVerb(world, pattern, words, named(flags), argv)),
    );
  withRun(program.command('play'))
    .description('run a playbook')
    .argument('<file>')
    .option('--syntax-check', 'read the playbook and end')
    .option('-t, --tags <tags>', 'only tasks with these tags (repeatable, or with commas)', listed)
    .option('--skip-tags <tags>', 'no tasks with these tags (repeatable, or with commas)', listed)
    .option('--list-tasks', 'print the tasks and end')
    .action(async (file: string, flags: PlayFlags) => did(await (await import('./verbs/play.ts')).playVerb(world, file, flags, argv)));
  withState(program.command('jobs'))
    .description('jobs that hosts may still be running')
    .option('--all', 'every job of the journal')
    .option('--json', 'one object a line')
    .option('--look', 'ask each once; ends with 75 while some run')
    .action(async flags => did(await (await import('./verbs/look.ts')).jobsVerb(world, flags)));
  withState(program.command('history'))
    .description('runs, the newest first, or what one run came to')
    .argument('[run]', 'run number, or last')
    .option('--all', 'not only the last 50')
    .option('--json', 'one object a line')
    .action(async (run: string | undefined, flags) => did(await (await import('./verbs/look.ts')).historyVerb(world, run, flags)));
  withMirror(withOutputs(withState(program.command('attach'))))
    .description('follow what is outstanding, or one run')
    .argument('[run]')
    .option('--from <mirror>', 'take over from the mirror of another machine: a folder, or HOST:PATH')
    .option('-u, --user <name>', 'with --from: log in as this user from now on')
    .option('--private-key <file>', 'with --from: log in with this key from now on')
    .option('--look', 'ask each job once; ends with 75 while some run')
    .option('--continue', 'go on with what had not begun when driver or client went away; what an operator paused only if its run is named')
    .option('--hold', 'start nothing new, however short the driver was away')
    .action(async (run: string | undefined, flags) => {
      const taken = await (await import('./verbs/take-over.ts')).takeOver(world, flags);
      did(taken.ok ? await (await import('./verbs/look.ts')).attachVerb(world, run, flags) : taken);
    });
  withOutputs(withFleet(program.command('adopt')))
    .description("follow jobs that hosts know and this journal does not, Ansible's too")
    .argument('[pattern]', 'hosts to ask', 'all')
    .addHelpText('after', '\n  -b, --become  look in every account: jobs of others too')
    .option('-f, --forks <n>', 'connections at once', whole(1, 10_000))
    .option('--look', 'say what is there and do not wait; ends with 75 while some run')
    .action(async (pattern: string, flags) => did(await (await import('./verbs/adopt.ts')).adoptVerb(world, pattern, flags)));
  for (const [verb, what] of actVerbs) {
    const command = withState(program.command(verb))
      .description(what)
      .argument('<what...>', 'run number, last, or jid')
      .option('-l, --limit <hosts>', 'only these hosts of the run')
      .action(async (what: string[], flags) => did(await (await import('./verbs/act.ts')).actVerb(world, verb, what, flags)));
    if (verb === 'cancel') command.option('--yes', 'also what somebody else started');
  }
  withChoice(program.command('clean'))
    .description(
      'remove, on hosts, the folders of jobs that have ended and whose output is all here; and here, output that is past its time. Hosts are reached as their runs reached them',
    )
    .argument('[pattern]', 'only on these hosts of the inventory; without one on all hosts of the runs in the journal')
    .addOption(new Option('-C, --check', 'only tell what would go'))
    .addOption(new Option('--dry-run', 'the same').hideHelp())
    .option('--json', 'one object')
    .action(async (pattern: string | undefined, flags) => did(await (await import('./verbs/clean.ts')).cleanVerb(world, pattern, flags)));
  withState(program.command('journal'))
    .description('verify: whether the journal is still what was written')
    .addArgument(new Argument('<what>').choices(['verify']))
    .action(async (_what: string, flags) => did((await import('./verbs/journal.ts')).journalVerb(world, flags)));
  withFleet(program.command('hosts'))
    .description('hosts of a pattern, one a line')
    .argument('[pattern...]')
    .option('--fold', 'as one nodeset; without -i the words are names or nodesets')
    .option('--expand', 'one a line; without -i the words are names or nodesets')
    .option('--ssh-options', 'what ssh_config says of one name, as ssh -G prints it; it need not be in an inventory')
    .option('-F, --ssh-config <file>', 'with --ssh-options: read this file only')
    .action(async (words: string[], flags) => did(await (await import('./verbs/hosts.ts')).hostsVerb(world, words, flags)));
  withFleet(program.command('doctor'))
    .description('whether and how each host would be reached, and what to mend; starts and writes nothing there')
    .argument('[pattern]', 'hosts to look at', 'all')
    .option('-f, --forks <n>', 'connections at once', whole(1, 10_000))
    .option('--json', 'one object')
    .action(async (pattern: string, flags) => did(await (await import('./verbs/doctor.ts')).doctorVerb(world, pattern, flags)));
  withFleet(program.command('inventory'))
    .description('the inventory, as ansible-inventory prints it')
    .option('--list', 'groups, hosts and variables as JSON')
    .option('--graph [group]', 'the tree of groups and hosts')
    .option('--vars', 'with --graph: the variables, too')
    .option('--host <name>', 'the variables of one host as JSON')
    .action(async (flags: InventoryFlags) => did(await (await import('./verbs/inventory.ts')).inventoryVerb(world, flags)));
  withEval(program.command('eval'))
    .description('evaluate an expression, a condition or a template, and print the value as JSON')
    .argument('<text...>')
    .addHelpText('after', '\n  rollcall eval --when -p web -- "\'prod\' in group_names and n | int > 3"')
    .action(async (words: string[], flags) => did(await (await import('./verbs/eval.ts')).evalVerb(world, words, flags)));
  withState(program.command('practice'))
    .description('serve the practice fleet and print its inventory')
    .option('--hosts <n>', 'how many hosts')
    .option('--stop', 'end it')
    .action(async flags => did(await (await import('./verbs/practice.ts')).practiceVerb(world, flags)));
  // Without this a flag that stands before its verb would silently mean nothing: another fleet, more hosts.
  program.hook('preSubcommand', (_, verb) => {
    const early = program.options.filter(option => program.getOptionValueSource(option.attributeName()) === 'cli');
    if (early.length === 0) return;
    const flags = early.map(({ long, short }) => long ?? short).join(', ');
    program.error(
      `error: ${flags} stands before the verb, where it would mean nothing; write it behind: rollcall ${verb.name()} … ${flags}`,
      {
        exitCode: 5,
      },
    );
  });
  program.hook('preAction', async (_, verb) => {
    const { limit, pattern: chosen } = verb.opts<{ readonly limit?: string; readonly pattern?: string }>();
    const takesPattern = ['pattern', 'hosts'].includes(verb.registeredArguments[0]?.name() ?? '');
    const [pattern] = verb.processedArgs as (string | readonly string[] | undefined)[];
    const written = async (text: string): Promise<string> => {
      const read = await writeOutHostFiles(text, nodeDisk);
      return read.ok ? read.value : verb.error(`error: ${read.failure.cause}`, { exitCode: 5 });
    };
    if (limit !== undefined) verb.setOptionValue('limit', await written(limit));
    if (chosen !== undefined) verb.setOptionValue('pattern', await written(chosen));
    if (takesPattern && pattern !== undefined) {
      verb.processedArgs[0] = typeof pattern === 'string' ? await written(pattern) : await Promise.all(pattern.map(written));
    }
  });
  program
    .command('keys')
    .description('the keys of the console')
    .action(async () => world.write(`${(await import('../app/commands.ts')).keysTable()}\n`));
  return program;
};

/** The command that opens this console again. */
const comeBackWith = (world: World, argv: readonly string[]): string => {
  const words = argv.map(quoteWord);
  if (world.env['npm_lifecycle_event'] !== 'start') return ['rollcall', ...words].join(' ');
  return words.join(' ') === '--practice' ? 'npm start' : ['npm start --', ...words].join(' ');
};

const actVerbs = [
  ['cancel', 'end jobs on their hosts and wait until each says that it is gone; 75: some are pending, and are ended at next contact'],
  ['extend', 'give running jobs more time (extend RUN 30m) and wait until each host confirms; 75: some are pending'],
  ['retry', 'another attempt for hosts that are out'],
  ['pause', 'start nothing new'],
  ['resume', 'go on'],
  ['abort', 'start nothing new of a run for good; what runs goes on'],
  ['note', 'write a note on a run: note RUN "text"'],
] as const;

/** The console; without a terminal on the practice fleet, a short maintenance in lines. */
const openVerb = async (world: World, pattern: string | undefined, flags: RunFlags, argv: readonly string[]): Promise<Result<number>> => {
  const limited = pattern === undefined ? flags : { ...flags, limit: pattern };
  const isPractice = flags.practice !== undefined;
  if (world.isTerminal && flags.plain !== true && flags.json !== true) {
    return (await import('./verbs/console.ts')).consoleVerb(world, limited, argv, comeBackWith(world, argv));
  }
  if (isPractice) return (await import('./verbs/practice.ts')).practiceMaintenance(world, limited);
  const instead = 'without a terminal use: rollcall run PATTERN -- COMMAND, or rollcall play FILE.yml';
  if (pattern === undefined) return fail({ tag: 'needs-person', cause: `the console needs a terminal; ${instead}` });
  return fail({
    tag: 'bad-input',
    cause: `${pattern} is no verb, and as a pattern it opens the console, which needs a terminal; ${instead}`,
  });
};

/** commander names flags after their long form. */
const named = (flags: RunFlags & { readonly moduleName?: string }): RunFlags =>
  flags.moduleName === undefined ? flags : { ...flags, module: flags.moduleName };

/** One sentence: what, why, what to do. Returns the exit code. */
const told = (world: World, failure: Failure): number => {
  const { what, why, next } = describeFailure(failure);
  world.say(failure.tag === 'bad-input' || failure.tag === 'needs-person' ? why : `${what}: ${why}; ${next}`);
  return exitCodes[failure.tag] ?? 1;
};

const exitCodes: Partial<Record<FailureTag, number>> = { 'bad-input': 5, 'chain-too-long': 5, 'needs-person': 6 };
