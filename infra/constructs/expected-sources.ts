import { fileURLToPath } from 'node:url';
import { type Expectation, expectationIn } from '../../shared/core/configuration/expectation.ts';
import type { SourceFile } from '../../shared/core/configuration/schema.ts';
import {
  problemText,
  readConfigurationFiles,
} from '../../shared/operations/configuration/files/configuration-files.ts';

const directory = fileURLToPath(new URL('../config', import.meta.url));

/** What sources are expected to send in an environment, by source. */
export type ExpectedSources = Record<string, Expectation>;

/**
 * By the files of `infra/config` at this synthesis: alarms are part of a deploy.
 * @throws Error when a source's file is wrong: otherwise its alarm would silently be missing
 */
export function expectedInFiles(environment: string): ExpectedSources {
  const { snapshot, problems } = readConfigurationFiles(directory);
  const wrong = problems.filter(({ severity, file }) => severity === 'error' && /[\\/]sources[\\/]/.test(file));
  if (wrong.length > 0) throw new Error(wrong.map(problemText).join('\n'));
  return expectedOf(snapshot.sources, environment);
}

export function expectedOf(sources: Record<string, SourceFile>, environment: string): ExpectedSources {
  const expected = Object.entries(sources).map(
    ([key, { expect }]) => [key, expectationIn(expect, environment)] as const,
  );
  return Object.fromEntries(expected.filter(([, { every, volume }]) => every !== undefined || volume !== undefined));
}
