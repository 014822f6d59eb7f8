import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { failuresOf } from '../test/support/failures-last.mjs';

/*
 * node .ci/sum-up.mjs JSON... [-- STEP...]: what became of the tests in these outputs of `jest --json`, and which other steps
 * failed. The names of what failed come last, before the one line "N passed, N failed".
 */
const separator = process.argv.indexOf('--');
const files = process.argv.slice(2, separator < 0 ? undefined : separator);
const steps = separator < 0 ? [] : process.argv.slice(separator + 1);

let passed = 0;
let skipped = 0;
const failed = steps.map((step) => `${step} (see above)`);
for (const file of files) {
  const { numPassedTests, numPendingTests, testResults } = JSON.parse(readFileSync(file, 'utf8'));
  passed += numPassedTests;
  skipped += numPendingTests;
  failed.push(
    ...failuresOf(
      testResults.map(({ name, status, assertionResults, message }) => ({
        file: relative(process.cwd(), name),
        tests: assertionResults,
        message: status === 'failed' ? message : undefined,
      })),
    ),
  );
}
for (const name of failed) console.log(`failed: ${name}`);
console.log(`${passed} passed, ${failed.length} failed${skipped ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed.length > 0 ? 1 : 0;
