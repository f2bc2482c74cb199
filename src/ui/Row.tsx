// The only place that hands rows to Ink: one element per row of the screen, each a finished string of exactly its width.
import { Box, Text } from 'ink';
import { memo } from 'react';

/** One row. */
const Row = memo(({ text }: { readonly text: string }) => <Text wrap="truncate">{text === '' ? ' ' : text}</Text>);

/** Rows below each other; the pane is exactly as high as it has rows. */
export const Rows = ({ rows, columns }: { readonly rows: readonly string[]; readonly columns: number }) => (
  <Box flexDirection="column" flexShrink={0} width={columns} height={rows.length}>
    {rows.map((text, at) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place on the screen
      <Row key={at} text={text} />
    ))}
  </Box>
);
