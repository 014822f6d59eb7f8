import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  problemText,
  readConfigurationFiles,
} from '../../shared/operations/configuration/files/configuration-files.ts';

/* The one test that reads infra/config as it is, with the sources and workflows that you added to it. */

test('the files in infra/config are valid: `npx signalbox config validate` says the same', () => {
  const { problems } = readConfigurationFiles(join(import.meta.dirname, '../../infra/config'));
  expect(problems.filter(({ severity }) => severity === 'error').map(problemText)).toEqual([]);
});
