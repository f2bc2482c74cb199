/** Shell scripts are imported as text: by the bundle (scripts/bundle.mjs) and by the tests (vitest.config.ts). */
declare module '*.sh' {
  const text: string;
  export default text;
}
