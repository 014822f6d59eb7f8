import type { EnvironmentFile, Snapshot } from '../../core/configuration/schema.ts';
import { sourceKinds } from '../../core/sources/index.ts';
import { usageError } from '../refusal.ts';
import { sourceGuide } from '../sources/source-guides.ts';
import { didYouMean } from '../words/did-you-mean.ts';
import type { KnockAccount } from './account.ts';
import { convertSource } from './convert-source.ts';
import { convertAudiences, convertWorkflows } from './convert-workflows.ts';
import { leaveWhatFails } from './leave-what-fails.ts';
import { makeReport, type Report, type ReportEntry } from './report.ts';
import { type ToldKind, tellKind } from './tell-kind.ts';
import { type ImportWishes, modelOf } from './wishes.ts';

/** An account as the files of a configuration, and what has no counterpart in them. */
export type ConvertedAccount = {
  content: Snapshot;
  /** First values, by the name of an environment here. */
  environments: Record<string, EnvironmentFile>;
  /** The kind that each source became. */
  kinds: ({ source: string } & ToldKind)[];
  report: ReportEntry[];
};

/**
 * An environment here ends up doing what its counterpart at Knock does: mappings and workflows that
 * are not in it, or are switched off, are inactive in it.
 * docs/decisions/0065-what-an-import-writes.md
 * @throws Refusal when a wish names a source or a kind that does not exist
 */
export async function convertAccount(account: KnockAccount, wishes: ImportWishes): Promise<ConvertedAccount> {
  checkKinds(account, wishes);
  const { entries, report } = makeReport();
  tellEnvironments(account, wishes, report);
  const workflows = convertWorkflows(account, wishes, report);
  const content: Snapshot = { sources: {}, workflows: workflows.files, audiences: convertAudiences(account, report) };
  const environments: Record<string, EnvironmentFile> = Object.fromEntries(
    wishes.here.map((name) => [name, { sources: {}, inactive_workflows: inactiveIn(modelOf(name, wishes).knock) }]),
  );
  const kinds: ConvertedAccount['kinds'] = [];
  for (const source of account.sources) {
    const told = tellKind(source, wishes.kinds.get(source.key));
    const guided = await sourceGuide(told.kind);
    if (guided === undefined) throw new Error(`there is no kind ${told.kind}`);
    const { key, file, settings } = convertSource(source, { guided, told, account, workflows, wishes, report });
    content.sources[key] = file;
    kinds.push({ source: key, ...told });
    for (const [name, made] of settings) {
      const environment = environments[name];
      if (environment !== undefined) environment.sources[key] = made;
    }
  }
  const checked = leaveWhatFails(content, environments, report);
  tellTheRest(report);
  return { ...checked, kinds, report: entries };

  function inactiveIn(slug: string): string[] {
    return [...workflows.activeIn].flatMap(([key, active]) => (active.has(slug) ? [] : [key])).sort();
  }
}

function checkKinds({ sources }: KnockAccount, { kinds }: ImportWishes): void {
  const known = sourceKinds.map(({ id }) => id);
  for (const [key, kind] of kinds) {
    if (!known.includes(kind)) throw usageError(`"${kind}" is not a kind of source${didYouMean(kind, known)}`);
    const keys = sources.map((source) => source.key);
    if (!keys.includes(key)) throw usageError(`there is no source "${key}" at Knock${didYouMean(key, keys)}`);
  }
}

function tellEnvironments({ environments, workflows }: KnockAccount, wishes: ImportWishes, report: Report): void {
  for (const { slug } of environments)
    if (!workflows.has(slug))
      report({
        reason: 'environment_unknown',
        where: `environment ${slug}`,
        what: 'all of it',
        why: 'It was not read: no environment here takes its place.',
        instead: `Name the one that does with --as ${slug}=NAME, or add it to infra/environments.ts.`,
      });
  for (const name of wishes.here)
    if (!wishes.pairs.some((pair) => pair.here === name))
      report({
        reason: 'environment_without_counterpart',
        where: `environment ${name}`,
        what: 'its settings',
        why: 'None of the environments that were read takes its place at Knock.',
        instead: `Here it begins as ${modelOf(name, wishes).here} does.`,
      });
}

/** What no import could move; Knock's other calls are not read at all. */
function tellTheRest(report: Report): void {
  report({
    reason: 'messages',
    where: 'the account',
    what: 'steps of workflows, templates, layouts, partials, translations, channels, guides, broadcasts, schedules',
    why: 'Signalbox decides what an event starts. It writes and sends no messages.',
    instead:
      'They stay at Knock: --target knock makes runs start its workflows. Or point runs elsewhere: docs/targets.md.',
  });
  report({
    reason: 'records',
    where: 'the account',
    what: 'users, objects, tenants, subscriptions, preferences and members of audiences',
    why: 'They are records, not configuration.',
    instead: 'Send them through a source or the REST API before the switch: docs/moving-from-knock.md.',
  });
}
