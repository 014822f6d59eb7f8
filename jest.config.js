import { availableParallelism } from 'node:os';

const hasSqlite = process.getBuiltinModule('node:sqlite') !== undefined;

// What starts many processes, or waits for clocks, has a run of its own: npm run test:long. What runs under Lambda's own runtime
// client has one too, since that client takes a compiler: npm run test:runtime.
// What needs a browser has a third: npm run test:browser.
const kinds = { long: '*.long', runtime: '*.runtime', browser: '*.browser' };
const kind = kinds[process.env.SIGNALBOX_TESTS] ?? `!(${Object.values(kinds).join('|')})`;

/** @type {import('jest').Config} */
const config = {
  testEnvironment: '<rootDir>/test/support/jest-environment.mjs',
  testMatch: [`<rootDir>/test/**/${kind}.test.ts`],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript' },
          target: 'es2024',
          // Node imports JSON only `with { type: 'json' }`.
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/cdk.out', '<rootDir>/.signalbox', '<rootDir>/dist'],
  // What tests start as processes and workers is bundled, as it is for people.
  globalSetup: '<rootDir>/infra/build/ensure-built.js',
  setupFiles: ['<rootDir>/infra/build/old-node.js'],
  // fauxqs asks for it; Node has it from 22.13 on.
  moduleNameMapper: hasSqlite ? {} : { '^node:sqlite$': '<rootDir>/infra/local/sqlite.ts' },
  // Five seconds, the default, is little on a machine that is busy with other things.
  testTimeout: 30_000,
  // Some files wait for clocks and processes for most of their time; the third worker of two cores works meanwhile.
  // (A share above 100 % would be read as that many workers.)
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  // Node 20 frees no module that a file has imported: without a limit a worker grows to three gigabytes.
  workerIdleMemoryLimit: '1GB',
  // Half a second, the default, is little for a busy machine to free a worker's memory. `.ci/run` fails when one never ends.
  workerGracefulExitTimeout: 30_000,
  coverageProvider: 'v8',
  reporters: ['default', '<rootDir>/test/support/failures-last.mjs'],
};

export default config;
