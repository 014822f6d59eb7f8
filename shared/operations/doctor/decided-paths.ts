import { actionLogOf, asOneLog, readLogsOfEvent } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { decidedBy } from '../events/decided-by.ts';
import { eventLogOf, readEvent } from '../events/events.ts';
import { configurationOf, recompute } from '../events/recompute.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import type { Finding } from './finding.ts';

/** Each reads an event and its actions; a page has few findings of skipped actions. */
const examplesMax = 5;

/** Adds to findings of skipped actions where the mapping of the example looked for what it lacked. */
export async function withPaths(
  environment: Environment,
  known: KnownSource[],
  findings: readonly Finding[],
): Promise<Finding[]> {
  const skipped = findings.filter(({ id }) => id === 'actions_skipped').slice(0, examplesMax);
  return Promise.all(
    findings.map(async (finding) => {
      const path = skipped.includes(finding) ? await pathOf(environment, known, finding) : undefined;
      return path === undefined ? finding : { ...finding, cause: `${finding.cause}; looked for at ${path}` };
    }),
  );
}

async function pathOf(environment: Environment, known: KnownSource[], { example, reason }: Finding) {
  const entry = example === undefined ? undefined : await readEvent(eventLogOf(environment), example, known);
  if (entry === undefined) return undefined;
  const [{ configuration, exact }, logs] = await Promise.all([
    configurationOf(environment, entry),
    readLogsOfEvent(actionLogOf(environment), entry),
  ]);
  const decided = decidedBy(entry, asOneLog(logs), await recompute(entry, configuration, exact));
  return decided.find((one) => one.reason === reason && one.path !== null)?.path ?? undefined;
}
