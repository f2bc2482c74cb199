// The only place that goes through the words of an expression one by one and says which was not expected.
import { shortName } from '../domain/task.ts';
import type { Token } from './tokens.ts';

/** Why an expression cannot be read. Thrown inside this room only: rewrite.ts turns it into a failure. */
export class Unreadable extends Error {}

/** Words of the grammar that name nothing. */
export const keywords: ReadonlySet<string> = new Set('and or not in is if else elif for'.split(' '));

/** Words from the left to the right. */
export class Words {
  protected at = 0;
  protected readonly tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  end(): void {
    if (!this.isAtEnd()) throw new Unreadable(`unexpected ${this.tokens[this.at]?.text ?? ''}`);
  }

  isAtEnd(): boolean {
    return this.at >= this.tokens.length;
  }

  take(): Token | undefined {
    return this.tokens[this.at++];
  }

  takeSign(text: string): boolean {
    return this.takeIf('sign', text);
  }

  takeWord(text: string): boolean {
    return this.takeIf('name', text);
  }

  isSign(text: string): boolean {
    return this.is('sign', text);
  }

  isWord(text: string): boolean {
    return this.is('name', text);
  }

  sign(text: string): void {
    if (!this.takeSign(text)) this.missing(text);
  }

  word(text: string): void {
    if (!this.takeWord(text)) this.missing(text);
  }

  name(): string {
    const token = this.take();
    if (token?.kind !== 'name' || keywords.has(token.text)) throw new Unreadable(`unexpected ${token?.text ?? 'end'}, expected a name`);
    return token.text;
  }

  /** A name with its collection, without Ansible's own. */
  protected dotted(): string {
    let name = this.takeWord('in') ? 'in' : this.name();
    while (this.takeSign('.')) name += `.${this.name()}`;
    return shortName(name);
  }

  protected wordOf(words: readonly string[]): string | undefined {
    return words.find(word => this.takeWord(word));
  }

  protected signOf(signs: readonly string[]): string | undefined {
    return signs.find(sign => this.takeSign(sign));
  }

  protected takeIf(kind: Token['kind'], text: string): boolean {
    if (!this.is(kind, text)) return false;
    this.at++;
    return true;
  }

  protected is(kind: Token['kind'], text: string): boolean {
    const token = this.tokens[this.at];
    return token?.kind === kind && token.text === text;
  }

  protected missing(text: string): never {
    throw new Unreadable(`unexpected ${this.tokens[this.at]?.text ?? 'end of the expression'}, expected ${text}`);
  }
}
