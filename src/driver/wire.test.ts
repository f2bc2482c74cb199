import { expect, test } from 'vitest';
import { encode, lineCutter } from './wire.ts';

const messages = [{ a: 1 }, { text: 'line\nbreak and ü €' }, [], null, { b: 'x'.repeat(500) }];

test('messages come out whole wherever the chunks are cut', () => {
  const bytes = Buffer.from(messages.map(encode).join(''));
  for (const size of [1, 2, 3, 7, 64, 10_000]) {
    const cut = lineCutter(1000);
    const values: unknown[] = [];
    for (let from = 0; from < bytes.length; from += size) values.push(...cut(bytes.subarray(from, from + size)).values);
    expect(values).toEqual(messages);
  }
});

test('what is no JSON is told after what came before it', () => {
  expect(lineCutter(1000)(Buffer.from('{"a":1}\nGET / HTTP/1.1\r\n{"b":2}\n'))).toEqual({ values: [{ a: 1 }], bad: 'a line is not JSON' });
});

test('a line that is too long is refused before it has ended, and after', () => {
  const cut = lineCutter(10);
  expect(cut(Buffer.from('"1234"\n"12'))).toEqual({ values: ['1234'] });
  expect(cut(Buffer.from('34567890'))).toEqual({ values: [], bad: 'a line is longer than 10 bytes' });
  expect(lineCutter(10)(Buffer.from('"1234567890"\n')).bad).toBe('a line is longer than 10 bytes');
  expect(lineCutter(10)(Buffer.from('"12345678"\n')).values).toEqual(['12345678']);
});
