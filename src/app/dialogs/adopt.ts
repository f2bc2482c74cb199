// The only place for what keys do in the dialog that asks hosts for jobs begun elsewhere.
import { fold } from '../../domain/nodeset.ts';
import { whereWords } from '../adopt-words.ts';
import { type AdoptDialog, topMode } from '../console-state.ts';
import type { Hands } from '../hands.ts';

/** A key before and after the hosts were asked. */
export const adoptKey = (mode: AdoptDialog, key: string, hands: Hands) => {
  if (key === 'esc') return hands.close();
  if (mode.found !== undefined) return key === 'enter' && mode.found !== 'asking' ? hands.close() : undefined;
  if (key === 'b') return hands.swap({ ...mode, become: mode.become === 'yes' ? 'no' : 'yes' });
  if (key !== 'enter') return;
  hands.swap({ ...mode, found: 'asking' });
  const show = (found: readonly string[]): void => {
    const top = topMode(hands.see().view);
    if (top?.kind === 'adopt' && top.opened === mode.opened) hands.swap({ ...top, found });
  };
  hands.adopt(mode.hosts, mode.become, {
    told: adoption => {
      const { unasked, refused } = adoption;
      const words = [
        ...whereWords(adoption, mode.become),
        ...(unasked.length === 0 ? [] : [`not asked: ${fold(unasked.map(({ host }) => host))}: ${unasked[0]?.failure.cause ?? ''}`]),
        ...(refused.length === 0 ? [] : [`no sudo without a password: ${fold(refused.map(({ host }) => host))}: ${refused[0]?.why ?? ''}`]),
      ];
      show(words);
      return words[0]?.split(';')[0] ?? '';
    },
    failed: sentence => show([sentence]),
  });
};
