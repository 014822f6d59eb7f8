import { expect, test } from '@jest/globals';
import { defaultSourceState, plainSourceFile } from '../../../shared/core/configuration/defaults.ts';
import { SourceFile, SourceState } from '../../../shared/core/configuration/schema.ts';

test('a source that was never set is as its schema says', () => {
  expect(defaultSourceState).toStrictEqual(SourceState.parse({}));
});

test('a source without a file is as the schema of files says', () => {
  expect(plainSourceFile('census', 'Census')).toStrictEqual(SourceFile.parse({ kind: 'census', name: 'Census' }));
});
