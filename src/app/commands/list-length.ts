// The only place that says how long the list of each tab is, so that cursors stop at its end.
import type { Console } from '../console-state.ts';
import { plannedBatches } from '../grid.ts';
import { runInFocus } from '../host-view.ts';
import { outputFolds } from '../output-folds.ts';
import { listedRuns } from '../targets.ts';
import type { Place } from './command.ts';

/** Entries of the list that a place shows. */
export const listLength = (console: Console, place: Place): number => {
  const run = runInFocus(console);
  switch (place) {
    case 'jobs':
      return listedRuns(console).length;
    case 'roll':
      return run === undefined ? 0 : plannedBatches(run).length;
    case 'output':
      return outputFolds(console).length;
    case 'events':
      return console.data.happened.length;
    default:
      return 200;
  }
};
