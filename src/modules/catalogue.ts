// The only place that knows which file does which module.
import type { Result } from '../domain/result.ts';
import type { ModuleCall, ModuleName } from '../domain/task.ts';
import { assert } from './assert.ts';
import { asyncStatus } from './async-status.ts';
import { command } from './command.ts';
import { debug } from './debug.ts';
import { failModule } from './fail.ts';
import type { Action, Module, Reader } from './module.ts';
import { setFact } from './set-fact.ts';
import { shell } from './shell.ts';

const modules: Readonly<Record<ModuleName, Module>> = {
  shell,
  command,
  debug,
  fail: failModule,
  assert,
  set_fact: setFact,
  async_status: asyncStatus,
};

/** What a call comes to on one host; the reader sees that host's variables. */
export const actionOf = (call: ModuleCall, reader: Reader): Result<Action, string> => modules[call.name](call.args, reader);
