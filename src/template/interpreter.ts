// The only file that loads minijinja: its glue is compiled here, with a WebAssembly module that cannot grow beyond a cap.
// Left to itself it takes gigabytes and minutes for a hostile template, writes panics to the terminal, and stays broken
// after one; an interpreter made here fails soon and quietly, and a fresh one can be made at any time.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { compileFunction } from 'node:vm';

type Glue = typeof import('minijinja-js');

/** Pages of 64 KiB: 64 MiB, far more than any sane text needs. */
const mostPages = 1024;

/** Makes a fresh interpreter; takes some 30 ms. */
export const loadInterpreter = (): Glue => {
  const require = createRequire(import.meta.url);
  const path = require.resolve('minijinja-js');
  const module = { exports: {} };
  const files = { readFileSync: (file: string) => capMemory(readFileSync(file), mostPages) };
  const quiet = { error: () => {}, log: () => {}, warn: () => {} };
  const glue = compileFunction(readFileSync(path, 'utf8'), ['module', 'exports', 'require', '__dirname', 'console'], { filename: path });
  glue(module, module.exports, (name: string) => (name === 'fs' ? files : require(name)), dirname(path), quiet);
  return module.exports as Glue;
};

/**
 * A WebAssembly module whose memory has a maximum.
 * @see https://webassembly.github.io/spec/core/binary/modules.html#memory-section
 */
export const capMemory = (module: Uint8Array, pages: number): Uint8Array => {
  for (let at = 8; at < module.length; ) {
    const size = readNumber(module, at + 1);
    const end = size.end + size.value;
    if (module[at] === memorySection) {
      const count = readNumber(module, size.end);
      const least = readNumber(module, count.end + 1);
      const body = [1, 1, ...writeNumber(least.value), ...writeNumber(Math.max(pages, least.value))];
      return Buffer.concat([
        module.subarray(0, at),
        Uint8Array.from([memorySection, ...writeNumber(body.length), ...body]),
        module.subarray(end),
      ]);
    }
    at = end;
  }
  return module;
};

const memorySection = 5;

/** Numbers are LEB128: seven bits a byte, the lowest first. */
const readNumber = (bytes: Uint8Array, from: number): { readonly value: number; readonly end: number } => {
  let value = 0;
  for (let at = from, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: at + 1 };
  }
};

const writeNumber = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...writeNumber(Math.floor(value / 0x80))];
