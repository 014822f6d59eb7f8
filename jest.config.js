import { availableParallelism } from 'node:os';
import { packagesAsFiles } from './test/support/packages.mjs';

const hasSqlite = process.getBuiltinModule('node:sqlite') !== undefined;

// `npm test` is for every change and takes two minutes. A file that takes longer than four seconds by itself, starts many processes or
// waits for clocks belongs to `npm run test:long`. What runs under Lambda's own runtime client belongs to `npm run test:runtime`, since
// that client takes a compiler; what needs a browser, to `npm run test:browser`.
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
  globalSetup: '<rootDir>/test/support/before-all.mjs',
  setupFiles: ['<rootDir>/infra/build/old-node.js'],
  // fauxqs asks for node:sqlite; Node has it from 22.13 on.
  moduleNameMapper: {
    ...packagesAsFiles,
    ...(!hasSqlite && { '^node:sqlite$': '<rootDir>/infra/local/sqlite.ts' }),
  },
  // Five seconds, the default, is little on a machine that is busy with other things; so is half a minute for many processes.
  testTimeout: process.env.SIGNALBOX_TESTS === undefined ? 30_000 : 300_000,
  // Some files wait for clocks and processes for most of their time; the third worker of two cores works meanwhile.
  // (A share above 100 % would be read as that many workers.)
  // A browser has many processes of its own.
  maxWorkers:
    process.env.SIGNALBOX_TESTS === 'browser'
      ? Math.max(1, availableParallelism() - 1)
      : Math.ceil(availableParallelism() * 1.5),
  // Node 20 frees no module that a file has imported: without a limit a worker grows to three gigabytes.
  workerIdleMemoryLimit: '1GB',
  // Half a second, the default, is little for a busy machine to free a worker's memory. `.ci/run` fails when one never ends.
  workerGracefulExitTimeout: 30_000,
  coverageProvider: 'v8',
  reporters: ['default', '<rootDir>/test/support/failures-last.mjs'],
};

export default config;
