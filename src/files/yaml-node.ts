// The only place for the tree that YAML becomes: each node knows where it stands.
import type { ScalarValue } from './yaml-scalar.ts';

/** `at` is an offset into the text; `YamlFile.where` makes a position of it. */
export type YamlNode =
  | { readonly kind: 'map'; readonly at: number; readonly entries: readonly YamlEntry[] }
  | { readonly kind: 'list'; readonly at: number; readonly items: readonly YamlNode[] }
  | { readonly kind: 'scalar'; readonly at: number; readonly value: ScalarValue; readonly text: string };

/**
 * One key of a mapping; keys are taken by the letter, so `yes:` is the key `yes`.
 * `quoted` is there where it was, since only so is `"12":` a name for whoever does not want numbers.
 */
export type YamlEntry = { readonly key: string; readonly at: number; readonly value: YamlNode; readonly quoted?: true };
