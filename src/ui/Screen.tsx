// The only component that knows the whole screen: reads the store, composes panes, places the terminal's cursor.
import { Box, useApp, useCursor, useWindowSize } from 'ink';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { screenOf } from '../app/screen.ts';
import type { Session } from '../app/session.ts';
import type { Palette } from '../app/style.ts';
import { PaneGuard } from './PaneGuard.tsx';
import type { TerminalControl } from './terminal-control.ts';
import { useKeys } from './use-keys.ts';

type Props = {
  readonly session: Session;
  readonly palette: Palette;
  readonly control: TerminalControl;
};

/** The console's screen. */
export const Screen = ({ session, palette, control }: Props) => {
  const { columns, rows } = useWindowSize();
  const { suspendTerminal } = useApp();
  const { setCursorPosition } = useCursor();
  useKeys(session);
  useEffect(() => session.resize(columns, rows), [session, columns, rows]);
  useEffect(
    () => session.onTerminal(what => void (what === 'redraw' ? control.redraw() : control.suspend(suspendTerminal))),
    [session, control, suspendTerminal],
  );
  const seen = useStore(session.store);
  // The size of this very frame, so that no frame is drawn for another one.
  const isSame = seen.view.columns === columns && seen.view.rows === rows;
  const console = isSame ? seen : { ...seen, view: { ...seen.view, columns, rows } };
  const screen = screenOf(console, palette, session.chooseHosts);
  setCursorPosition(screen.cursor);
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      {screen.panes.map(pane => (
        <PaneGuard key={pane.name} pane={pane} columns={columns} />
      ))}
    </Box>
  );
};
