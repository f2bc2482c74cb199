// The only place that catches what a pane throws: the pane says so in its own rows, the rest of the screen goes on.
import { Component, type ReactNode } from 'react';
import type { Pane } from '../app/screen.ts';
import { Rows } from './Row.tsx';

type Props = { readonly pane: Pane; readonly columns: number };

/** A pane that draws itself, exactly as high as the layout gave it. */
const DrawnPane = ({ pane, columns }: Props) => <Rows rows={exactly(pane.draw(), pane.height, columns)} columns={columns} />;

/** Never more rows than the layout gave: a tree taller than the terminal would scroll it. */
const exactly = (rows: readonly string[], height: number, columns: number): readonly string[] =>
  rows.length === height ? rows : Array.from({ length: height }, (_, at) => rows[at] ?? ' '.repeat(columns));

/** The pane, or what became of it. Drawing is tried anew with every frame. */
export class PaneGuard extends Component<Props, { readonly error?: Error; readonly pane?: Pane }> {
  override state: { readonly error?: Error; readonly pane?: Pane } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  static getDerivedStateFromProps(props: Props, state: { readonly error?: Error; readonly pane?: Pane }) {
    return state.pane === props.pane ? null : { pane: props.pane, error: undefined };
  }

  override render(): ReactNode {
    const { pane, columns } = this.props;
    const { error } = this.state;
    if (error === undefined) return <DrawnPane pane={pane} columns={columns} />;
    const said = ` this part of the screen failed (${pane.name}): ${error.message.split('\n')[0] ?? ''}`.slice(0, columns);
    return <Rows rows={exactly([said.replace(/[^\x20-\x7e]/g, '?')], pane.height, columns)} columns={columns} />;
  }
}
