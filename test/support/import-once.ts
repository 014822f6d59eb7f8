/**
 * Imports an entry of infra/build/build.js, as it was built, once per worker instead of once per file: for what is slow
 * to load or to warm up. Its objects are of classes other than the test's own (`instanceof Map` is false), so it should
 * take and give text or plain values. test/support/jest-environment.mjs does it.
 */
export const { importOnce } = globalThis as unknown as {
  importOnce: <Module>(entry: string) => Promise<Module>;
};
