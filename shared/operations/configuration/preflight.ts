import { grantNameOf } from '../../core/configuration/granted-targets.ts';
import { missingReferences, workflowNamedBy } from '../../core/configuration/missing-references.ts';
import { type ResourceRef, refText } from '../../core/configuration/resources.ts';
import { EnvironmentFile } from '../../core/configuration/schema.ts';
import { targetDefinition } from '../../core/configuration/targets/index.ts';
import { mappingsOf } from '../../core/configuration/triggers.ts';
import { type Capabilities, unknownNeeds } from './capabilities.ts';
import { sourcesWithoutSecret } from './missing-secrets.ts';
import type { PromotionPlan } from './promote.ts';

/** Facts that only the upper environment knows. */
export type EnvironmentFacts = {
  name: string;
  /**
   * Whether a secret such as `targets/order-completed` or `sources/stripe` is stored. Its value is
   * not needed.
   */
  isSecretSet(name: string): Promise<boolean>;
  /**
   * Whether an action made this audience there; audiences of the configuration are known already.
   */
  audienceExists(key: string): Promise<boolean>;
  /**
   * Whether the deployed stack may call this, as `grantNameOf` spells it. Absent: an older stack,
   * which does not publish it.
   */
  isGranted?(name: string): boolean;
  /** Capabilities of the functions there. Absent: an older stack, which does not publish them. */
  capabilities?: Capabilities | undefined;
};

export const promotionProblems = [
  'workflow_missing',
  'source_missing',
  'audience_missing',
  'target_missing',
  'target_not_granted',
  'not_known_there',
  'removes_live',
  'secret_not_set',
  'verification_secret_not_set',
  'changed_there',
  'reverted_there',
  'newer_there',
] as const;
export type PromotionProblem = ResourceRef & {
  problem: (typeof promotionProblems)[number];
  /** The problem, as a sentence without its subject. */
  detail: string;
  /** The remedy. */
  remedy: string;
};

/**
 * Whether a promotion goes on. `force` overrides every problem except content that functions don't
 * know, since that takes all sources down.
 */
export function isStopped(problems: readonly PromotionProblem[], force: boolean): boolean {
  return force ? problems.some(({ problem }) => problem === 'not_known_there') : problems.length > 0;
}

/** Everything that the promotion would break in the upper environment. */
export async function preflight(
  { content, changes, seen, concerns }: PromotionPlan,
  facts: EnvironmentFacts,
  seed: EnvironmentFile = EnvironmentFile.parse({}),
): Promise<PromotionProblem[]> {
  const environment = facts.name;
  const problems: PromotionProblem[] = [];
  const report = ({ type, key }: ResourceRef, problem: PromotionProblem['problem'], detail: string, remedy: string) =>
    void problems.push({ type, key, problem, detail, remedy });

  for (const need of facts.capabilities === undefined ? [] : unknownNeeds(content, facts.capabilities)) {
    const of = need.need === 'format' ? changes[0] : need;
    if (of === undefined) continue;
    report(
      of,
      'not_known_there',
      `needs ${need.need} ${need.name}, which the functions of ${environment} do not know: every request would be answered 503`,
      `deploy this version there first: npx cdk deploy -c environment=${environment}`,
    );
  }

  for (const { type, key, change } of changes)
    if (change === 'removed' && type !== 'audience')
      report(
        { type, key },
        'removes_live',
        `is live in ${environment} and would be removed`,
        type === 'source' ? 'its senders would get 404 and drop their events' : 'triggers that name it would fail',
      );

  for (const { by, mapping, missing } of missingReferences(content, changes)) {
    if (missing.type === 'audience' && (await facts.audienceExists(missing.key))) continue;
    report(
      by,
      `${missing.type}_missing`,
      `${mapping === undefined ? '' : `mapping ${mapping} `}names ${missing.type} "${missing.key}", which ${environment} would not have`,
      `promote it too: without --only, or --only the commit that has ${refText(missing)}`,
    );
  }

  for (const key of workflowsConcerned({ content, changes })) {
    const ref = { type: 'workflow', key } as const;
    const targets = content.workflows[key]?.target ?? {};
    const target = Object.hasOwn(targets, environment) ? targets[environment] : undefined;
    if (target === undefined) {
      report(
        ref,
        'target_missing',
        `has no target for ${environment}`,
        `add target.${environment} to its file, commit, promote`,
      );
      continue;
    }
    if (targetDefinition(target).secret && !(await facts.isSecretSet(`targets/${key}`))) {
      report(
        ref,
        'secret_not_set',
        `has a target of type ${target.type}, and secret targets/${key} is not set in ${environment}`,
        `npx signalbox secrets set targets/${key} --environment ${environment}`,
      );
    }
    const grant = grantNameOf(target);
    if (grant !== undefined && facts.isGranted?.(grant) === false) {
      report(
        ref,
        'target_not_granted',
        `calls ${grant}, which the deployed stack of ${environment} may not`,
        `deploy it with this configuration in infra/config: npx cdk deploy -c environment=${environment}`,
      );
    }
  }

  const coming = changes.filter(({ type, change }) => type === 'source' && change !== 'removed').map(({ key }) => key);
  const sources = Object.fromEntries(Object.entries(content.sources).filter(([key]) => coming.includes(key)));
  const there = { state: seen.current.state, seed };
  for (const key of await sourcesWithoutSecret(sources, there, (name) => facts.isSecretSet(name))) {
    report(
      { type: 'source', key },
      'verification_secret_not_set',
      `is checked in ${environment}, and secret sources/${key} is not set there: every request would be answered 503`,
      `npx signalbox secrets set sources/${key} --environment ${environment}`,
    );
  }

  for (const { type, key, problem, commit } of concerns) {
    const which = commit === undefined ? 'a commit' : `commit ${commit.id} of ${commit.author} ("${commit.message}")`;
    if (problem === 'changed_there')
      report(
        { type, key },
        problem,
        `was changed in ${environment} itself by ${which}, which this would undo`,
        'bring the change into the environment below first',
      );
    else if (problem === 'reverted_there')
      report(
        { type, key },
        problem,
        `was taken back in ${environment} by ${which}, and would be as before that again`,
        'revert it in the environment below too, or correct it there',
      );
    else
      report(
        { type, key },
        problem,
        `is newer in ${environment} already: it has ${which}`,
        'to go back, revert the newer commit there',
      );
  }
  return problems;
}

/** Workflows that are promoted, and those that promoted mappings start. */
function workflowsConcerned({ content, changes }: Pick<PromotionPlan, 'content' | 'changes'>): string[] {
  const keys = new Set<string>();
  for (const ref of changes) {
    if (ref.change === 'removed') continue;
    if (ref.type === 'workflow') keys.add(ref.key);
    if (ref.type !== 'source') continue;
    for (const mapping of mappingsOf(content, ref.key)) {
      const workflow = workflowNamedBy(mapping);
      if (workflow !== undefined && Object.hasOwn(content.workflows, workflow)) keys.add(workflow);
    }
  }
  return [...keys].sort();
}
