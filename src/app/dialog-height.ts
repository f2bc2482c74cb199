// The only place that says how many rows each dialog takes at the foot of the screen, its rule included.
import { adoptLines } from './adopt-words.ts';
import { topMode, type View } from './console-state.ts';

/** Rows of the dialog that is open; 0 without one. */
export const dialogHeight = (view: View): number => {
  const mode = topMode(view);
  switch (mode?.kind) {
    case 'prompt':
      return 5;
    case 'start':
    case 'cancel':
    case 'retry':
      return 5;
    case 'adopt':
      return Math.min(12, Math.max(5, view.rows - 10), 2 + adoptLines(mode, view.columns).length);
    case 'answer':
      return 4 + Math.max(1, mode.ids.length);
    case 'extend':
    case 'note':
      return 4;
    case 'palette':
      return Math.min(10, Math.max(4, view.rows - 10));
    case 'filter':
    case 'search':
      return 2;
    default:
      return 0;
  }
};
