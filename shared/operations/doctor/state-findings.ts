import { readBreakers } from '../../adapters/dynamodb-target-breakers.ts';
import { secretFreshMs } from '../../adapters/secrets-manager-secrets.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import { sourcesWithoutSecret, targetsWithoutSecret } from '../configuration/missing-secrets.ts';
import type { Environment } from '../environment.ts';
import { inUseFromMs, type SecretChange, secretChangesSince } from '../secrets/secret-changes.ts';
import { secretLookup } from '../secrets/secret-names.ts';
import { type ListedSecret, listSecrets } from '../secrets/secret-store.ts';
import { iso } from '../words/iso.ts';
import { plural } from '../words/text.ts';
import { clockTime } from '../words/times.ts';
import { readClockSkew } from './clock.ts';
import { type Finding, finding, on } from './finding.ts';

/* What is wrong now, whatever was counted: targets, secrets, switches, the clock. */

const overlapDays = 7;

/** Targets that are called by probes only. */
export async function leftAlone(
  environment: Environment,
  { snapshot }: LiveConfiguration,
  nowMs: number,
): Promise<Finding[]> {
  const workflows = Object.keys(snapshot.workflows);
  const breakers = await readBreakers(environment.documents, environment.outputs.DirectoryTable, workflows);
  return [...breakers].flatMap(([workflow, breaker]) => {
    if (!breaker.isOpen) return [];
    const probe = breaker.probeAtMs > nowMs ? ` The next probe is due at ${clockTime(breaker.probeAtMs)}.` : '';
    return [
      finding('target_left_alone', {
        workflow,
        reason: breaker.reason,
        cause: `the target keeps failing, so it gets probes only: ${breaker.detail}.${probe} To keep its new runs until it is mended: npx signalbox workflow pause ${workflow}${on(environment)}`,
        count: breaker.failedProbes + 1,
        since: iso(breaker.openedAtMs),
        next: `npx signalbox actions --workflow ${workflow} --status failed,pending --group-by detail${on(environment)}`,
      }),
    ];
  });
}

export async function secretFindings(
  environment: Environment,
  live: LiveConfiguration,
  nowMs: number,
): Promise<Finding[]> {
  const store = { client: await environment.secrets(), prefix: environment.outputs.SecretsPrefix };
  const there = { state: live.state, seed: undefined };
  const isSet = secretLookup(environment);
  const { workflows } = live.snapshot;
  const [listed, lacking, targets, changes] = await Promise.all([
    listSecrets(store),
    sourcesWithoutSecret(live.snapshot.sources, there, isSet),
    targetsWithoutSecret(workflows, environment.name, isSet),
    secretChangesSince(environment.configuration, nowMs - secretFreshMs),
  ]);
  const deleted = listed.filter(({ deletedOnMs }) => deletedOnMs !== undefined);
  const isDeleted = (name: string) => deleted.some((secret) => secret.name === name);
  return [
    ...deleted.map(({ name, deletedOnMs }) =>
      finding('secret_deleted', {
        ...sourceOf(name),
        cause: `the secret ${name} is scheduled for deletion on ${iso(deletedOnMs ?? 0).slice(0, 10)} and cannot be used`,
        count: 1,
        next: `npx signalbox secrets restore ${name}${on(environment)}`,
      }),
    ),
    ...lacking
      .filter((source) => !isDeleted(`sources/${source}`))
      .map((source) =>
        finding('secret_missing', {
          source,
          cause: `the source must prove who sends and has no secret, so every request is answered 503`,
          count: 1,
          next: `npx signalbox secrets set ${source}${on(environment)}`,
        }),
      ),
    ...targets
      .filter((workflow) => !isDeleted(`targets/${workflow}`) && !live.state.inactive_workflows.includes(workflow))
      .map((workflow) =>
        finding('target_secret_missing', {
          workflow,
          cause: 'its target needs a secret that is not set, so its runs wait for it, and fail after a day',
          count: 1,
          next: `npx signalbox secrets set targets/${workflow}${on(environment)}`,
        }),
      ),
    ...[...Map.groupBy(changes, ({ name }) => name).values()].flatMap(([newest]) =>
      newest === undefined ? [] : [settling(newest, environment)],
    ),
    ...listed.flatMap((secret) => overlap(secret, nowMs, environment)),
  ];
}

/** Functions keep a value for some minutes, so one that was just set need not be the cause of a failure. */
function settling({ name, atMs, author }: SecretChange, environment: Environment): Finding {
  return finding('secret_changed', {
    ...sourceOf(name),
    cause: `${name} was changed by ${author} at ${clockTime(atMs)}: every function uses it from ${clockTime(inUseFromMs(atMs))} on, and some may use the value before until then`,
    count: 1,
    since: iso(atMs),
    next: `npx signalbox secrets list${on(environment)}`,
  });
}

/** Two values are valid for a rotation; an old one that stays valid is forgotten. */
function overlap({ name, setAtMs, deletedOnMs }: ListedSecret, nowMs: number, environment: Environment): Finding[] {
  if (deletedOnMs !== undefined) return [];
  const [newest, older] = setAtMs ?? [];
  if (older === undefined || newest === undefined || nowMs - newest < overlapDays * 86_400_000) return [];
  return [
    finding('secrets_overlap', {
      ...sourceOf(name),
      cause: `${name} has two valid values, and the newer one is ${Math.floor((nowMs - newest) / 86_400_000)} days old`,
      count: 1,
      since: iso(newest),
      next: `npx signalbox secrets retire ${name}${on(environment)}`,
    }),
  ];
}

function sourceOf(secret: string): { source: string } | { workflow: string } | undefined {
  const [kind, key] = secret.split('/');
  if (key === undefined) return undefined;
  return kind === 'sources' ? { source: key } : { workflow: key };
}

const skewMsMax = 30_000;

export async function clockFindings(environment: Environment): Promise<Finding[]> {
  const skewMs = await readClockSkew(environment);
  if (skewMs === undefined || Math.abs(skewMs) <= skewMsMax) return [];
  const seconds = plural(Math.round(Math.abs(skewMs) / 1000), 'second');
  return [
    finding('clock_skewed', {
      cause: `the clock of this machine is ${seconds} ${skewMs > 0 ? 'ahead of' : 'behind'} the environment's: times and ranges are off by that much`,
      count: 1,
      next: 'set the clock of this machine: timedatectl set-ntp true',
    }),
  ];
}

/** What people switched off: it explains what is missing, and is no fault. */
export function switchedOff({ snapshot, state, uncommitted }: LiveConfiguration, environment: Environment): Finding[] {
  if (uncommitted)
    return [
      finding('configuration_absent', {
        cause: 'no configuration was ever committed, so every request is answered 503',
        count: 1,
        next: `npx signalbox config push --commit${on(environment)}`,
      }),
    ];
  const sources = Object.entries(state.sources).filter(([key, { enabled }]) => !enabled && key in snapshot.sources);
  return [
    ...sources.map(([source]) =>
      finding('source_disabled', {
        source,
        cause: 'the source is disabled: its events are accepted and rejected as source_disabled',
        count: 1,
        next: `npx signalbox sources enable ${source}${on(environment)}`,
      }),
    ),
    ...Object.entries(state.sources)
      .filter(([key, { identify }]) => identify === false && key in snapshot.sources)
      .map(([source]) =>
        finding('identify_off', {
          source,
          cause:
            'identify is off: its identify events make no user known, so triggers for users who are not known start no run',
          count: 1,
          next: `npx signalbox settings set ${source} --identify on${on(environment)}`,
        }),
      ),
    ...state.inactive_workflows
      .filter((workflow) => workflow in snapshot.workflows)
      .map((workflow) =>
        finding('workflow_paused', {
          workflow,
          cause: 'the workflow is paused and drops its runs: it starts none and keeps none',
          count: 1,
          next: `npx signalbox workflow resume ${workflow}${on(environment)}`,
        }),
      ),
  ];
}
