// The only place for the fail module: ends the task with a message. Nothing goes to the host.
import { ok } from '../domain/result.ts';
import { lookUp } from '../domain/value.ts';
import type { Module } from './module.ts';

/** `msg`, of whatever kind. */
export const failModule: Module = (args, reader) => {
  const msg = reader.render(lookUp(args, 'msg') ?? 'Failed as requested from task');
  return msg.ok ? ok({ kind: 'local', value: { msg: msg.value, changed: false, failed: true } }) : msg;
};
