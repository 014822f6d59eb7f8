import { relative } from 'node:path';

/**
 * A jest reporter that names every failed test once more, after everything else that jest prints. Plain JavaScript: jest itself
 * loads it, whichever Node runs.
 */
export default class FailuresLast {
  constructor({ rootDir }) {
    this.rootDir = rootDir;
  }

  onRunComplete(_contexts, { testResults }) {
    const names = failuresOf(
      testResults.map(({ testFilePath, testResults: tests, testExecError, failureMessage }) => ({
        file: relative(this.rootDir, testFilePath),
        tests,
        message: testExecError ? failureMessage : undefined,
      })),
    );
    if (names.length > 0) process.stderr.write(`\nFailed:\n${names.map((name) => `  ${name}\n`).join('')}`);
  }
}

/**
 * One line for each failed test, and one for each file that could not even be loaded.
 * @param {{ file: string, tests: { status: string, fullName: string }[], message?: string }[]} files
 * @returns {string[]}
 */
export function failuresOf(files) {
  return files.flatMap(({ file, tests, message }) => {
    const failed = tests.filter(({ status }) => status === 'failed').map(({ fullName }) => `${file}: ${fullName}`);
    const firstLine = message?.split('\n').find((line) => line.trim() !== '' && !line.includes('●'));
    return message !== undefined && failed.length === 0 ? [`${file}: ${firstLine?.trim() ?? 'could not run'}`] : failed;
  });
}
