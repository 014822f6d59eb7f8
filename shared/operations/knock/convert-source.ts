import type { SourceFile, SourceSettings } from '../../core/configuration/schema.ts';
import { isResourceKey } from '../../core/ids/resource-key.ts';
import { verifierOf } from '../../core/live/effective-settings.ts';
import { factsOf, resourceNamedBy } from '../../core/mappings/action-facts.ts';
import type { Mapping } from '../../core/mappings/schema.ts';
import type { GuidedKind } from '../../core/sources/guide.ts';
import type { SourceKind } from '../../core/sources/source.ts';
import type { KnockAccount, KnockProvider, KnockSettings, KnockSourceRead } from './account.ts';
import { convertConditions } from './convert-conditions.ts';
import { type ConvertedMapping, convertMappings } from './convert-mappings.ts';
import { convertPath, isComputed, type PathDialect } from './convert-path.ts';
import type { ConvertedWorkflows } from './convert-workflows.ts';
import type { Report } from './report.ts';
import { isFirstGeneration, providerOf, type ToldKind } from './tell-kind.ts';
import { type ImportWishes, modelOf } from './wishes.ts';

export type ConvertedSource = {
  key: string;
  file: SourceFile;
  /** By the name of an environment here. */
  settings: Map<string, SourceSettings>;
};

export type SourceContext = {
  guided: GuidedKind;
  told: ToldKind;
  account: KnockAccount;
  workflows: ConvertedWorkflows;
  wishes: ImportWishes;
  report: Report;
};

type Context = SourceContext & {
  source: KnockSourceRead;
  kind: SourceKind;
  dialect: PathDialect;
  provider: KnockProvider | undefined;
  where: string;
};

/** One source of Knock as a file here, with what each environment begins with. */
export function convertSource(source: KnockSourceRead, given: SourceContext): ConvertedSource {
  const { guided, told, account, report, wishes } = given;
  const { kind } = guided;
  const isLegacy = [...source.environments.values()].some(({ settings }) => isFirstGeneration(settings));
  const context: Context = {
    ...given,
    source,
    kind,
    dialect: isLegacy ? 'properties' : 'event',
    provider: providerOf(kind.id, account.providers),
    where: `source ${source.key}`,
  };
  const key = keyOf(context);
  if (told.by === 'assumed')
    report({
      reason: 'kind_assumed',
      where: context.where,
      what: `its kind, ${kind.id}`,
      why: 'Neither its key nor its name says who sends.',
      instead: `If a known sender posts there: --kind ${source.key}=KIND (npx signalbox sources kinds lists them).`,
    });
  if (source.hasImage)
    report({
      reason: 'image',
      where: context.where,
      what: 'its image',
      why: 'No page here shows images of sources.',
      instead: 'Nothing; events do not depend on it.',
    });
  const mappings = convertMappings({
    ...context,
    slugs: wishes.pairs.map((pair) => pair.knock),
    workflows: new Set(Object.keys(given.workflows.files)),
  }).map((one) => ({ ...one, mapping: withConditions(one.mapping, context) }));
  const identify = identifyOf(mappings, context);
  const verification = scriptOf(context);
  const file: SourceFile = {
    kind: kind.id,
    name: source.name || source.key,
    ...(source.description && { description: source.description }),
    ...pathsOf(context),
    ...(verification && { verification }),
    redact: [],
    headers: [],
    mappings: [...(identify ? [identify] : []), ...mappings.map(({ mapping }) => mapping)],
  };
  tellPending(context);
  tellUnknown(context);
  const settings = new Map(
    wishes.here.map((name) => [name, settingsOf(modelOf(name, wishes).knock, file, mappings, context)]),
  );
  tellSender(key, file, context);
  return { key, file, settings };
}

function keyOf({ source: { key }, where, report }: Context): string {
  if (isResourceKey(key)) return key;
  const made = key
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '');
  const here = isResourceKey(made) ? made : 'source';
  report({
    reason: 'setting_differs',
    where,
    what: 'its key',
    why: 'It cannot be the name of a file here.',
    instead: `Here it is ${here}.`,
  });
  return here;
}

/** A mapping with the conditions of the workflow that it starts. */
function withConditions(mapping: Mapping, { workflows, source, report }: Context): Mapping {
  const named = resourceNamedBy(mapping);
  const { isForTriggers, eventData } = factsOf(mapping.action);
  if (!isForTriggers || eventData === undefined || named === undefined) return mapping;
  const { when, left } = convertConditions(workflows.conditions.get(named.key), mapping.parameters[eventData]);
  const where = `source ${source.key}, mapping ${mapping.id}`;
  if (when.length > 0)
    report({
      reason: 'conditions_translated',
      where,
      what: `conditions of workflow ${named.key}`,
      why: `Those that look at the trigger's data (${when.length} of ${when.length + left.length}) are conditions of the mapping here.`,
      instead: 'An event that does not meet them is logged `no_mapping: conditions_not_met`, and starts no run.',
    });
  if (left.length > 0)
    report({
      reason: 'conditions',
      where: `workflow ${named.key}`,
      what: `its conditions: ${left.join('; ')}`,
      why: 'A condition here sees only the event, and compares with a constant.',
      instead: 'With a target of type knock, Knock still applies them.',
    });
  return when.length === 0 ? mapping : { ...mapping, when };
}

/**
 * Sources of the first generation identify by a switch, without a mapping; here the switch lets the
 * kind's own mapping run.
 */
function identifyOf(mappings: ConvertedMapping[], { source, guided }: Context): Mapping | undefined {
  const isOn = [...source.environments.values()].some(({ settings }) => settings.handle_identifies === true);
  const [own] = guided.guide.defaultMappings.filter(({ mapping }) => mapping.event === 'identify');
  if (!isOn || own === undefined || mappings.some(({ mapping }) => mapping.id === own.mapping.id)) return undefined;
  return own.mapping as Mapping;
}

type PathName = 'event_type_path' | 'idempotency_key_path' | 'timestamp_path';

/** Paths of the file, where they are other than the kind's own. */
function pathsOf(context: Context): Pick<SourceFile, PathName> {
  const { kind, dialect } = context;
  if (dialect === 'properties') return {};
  const keys = kind.idempotencyKeyPaths.map(({ text }) => text);
  return {
    ...pathOf('event_type_path', knownTypePaths(kind.id), context),
    ...pathOf('idempotency_key_path', keys, context),
    ...pathOf('timestamp_path', [], context),
  };
}

/** Where the templates of Knock find the event type, as far as a path says it. */
function knownTypePaths(kind: string): string[] {
  const fields: Record<string, string> = {
    http: 'body.type',
    stripe: 'body.type',
    clerk: 'body.type',
    workos: 'body.event',
    posthog: 'body.event',
    shopify: 'headers.x-shopify-topic',
  };
  return Object.hasOwn(fields, kind) ? [fields[kind] as string] : [];
}

function pathOf(name: PathName, own: readonly string[], context: Context): { [name in PathName]?: string } {
  const { source, provider, kind, where, report, dialect } = context;
  const given = [...source.environments].map(([slug, { settings }]) => ({ slug, path: settings[name] || undefined }));
  const [first] = given;
  const template = provider?.default_settings[name];
  const isOwn = (path: string) => path === template || own.includes(path);
  const what = `its ${name.replaceAll('_', ' ')}`;
  for (const { slug, path } of given.slice(1)) {
    // A key's path may differ by environment here too.
    if (path !== first?.path && name !== 'idempotency_key_path')
      report({
        reason: 'setting_differs',
        where: `${where}, ${slug}`,
        what: `${what}, ${path ?? 'none'}`,
        why: `In ${first?.slug} it is ${first?.path ?? 'none'}, and a source here has one for all environments.`,
        instead: `The file has that of ${first?.slug}.`,
      });
  }
  const path = first?.path;
  if (path === undefined || isOwn(path)) return {};
  const converted = convertPath(path, dialect);
  if ('problem' in converted) {
    report({
      reason: 'path_unreadable',
      where,
      what,
      why: `"${path}" ${converted.problem}.`,
      instead: `The kind's own applies.`,
    });
    return {};
  }
  if (isOwn(converted.path)) return {};
  if (isComputed(converted.path)) {
    // Kinds of known senders compute by themselves what the script of their template computes.
    if (kind.id !== 'http' && provider === undefined) return {};
    report({
      reason: 'computed_path',
      where,
      what: `${what}, ${path}`,
      why: 'The script of the source computes it.',
      instead: 'Compute it in the file under preprocess.jsonata, by the same name: docs/mappings.md.',
    });
  }
  return { [name]: converted.path };
}

/** What a script is replaced by; JavaScript of Knock does not run here. */
function scriptOf({ source, kind, provider, account, where, report }: Context): SourceFile['verification'] {
  const template = provider?.default_settings.preprocessing_script?.source.trim();
  const scripts = [...source.environments].flatMap(([slug, { settings }]) => {
    const text = settings.preprocess_script?.source.trim();
    return text ? [{ slug, text }] : [];
  });
  const others = scripts.filter(({ text }) => text !== template);
  const [first] = others;
  if (first !== undefined) {
    const isKnown = kind.id !== 'http';
    const slugs = others.map(({ slug }) => slug).join(' and ');
    report({
      reason: 'script',
      where: `${where}, ${slugs}`,
      what: 'its script',
      why: `JavaScript of a source does not run here${template === undefined && account.providers === undefined ? ', and whether it is the template’s own cannot be seen' : ''}.`,
      instead: isKnown
        ? `The kind ${kind.id} checks and reads by itself. What else the script computes: preprocess.jsonata, docs/mappings.md.`
        : 'Declare what it checks under `verification`, and compute what it returns under preprocess.jsonata: docs/mappings.md.',
    });
  }
  const isTemplate = kind.id === 'http' && scripts.length > 0 && first === undefined;
  // The script that new sources of this template have compares this header with a variable.
  return isTemplate ? { kind: 'header', header: 'x-webhook-secret' } : undefined;
}

function tellUnknown({ source, where, report, wishes }: Context): void {
  for (const { knock } of wishes.pairs)
    if (!source.environments.has(knock))
      report({
        reason: 'setting_differs',
        where: `${where}, ${knock}`,
        what: 'that it is not there',
        why: 'A source here is in all environments.',
        instead: 'All of its mappings are inactive there.',
      });
  for (const [slug, { settings }] of source.environments)
    for (const name of Object.keys(settings))
      if (!knownSettings.has(name) && settings[name] != null)
        report({
          reason: 'setting_unknown',
          where: `${where}, ${slug}`,
          what: `its setting ${name}`,
          why: 'This version does not know what it means.',
          instead: 'docs/configuration.md lists the settings of a source.',
        });
}

function tellPending({ source, where, report }: Context): void {
  for (const [slug, { pending }] of source.environments)
    for (const { event_type: event, resource_key: workflow, status } of pending)
      if (status !== 'deleted')
        report({
          reason: 'mapping_uncommitted',
          where: `${where}, ${slug}`,
          what: `the mapping ${event} → workflow ${workflow}`,
          why: 'It is changed and not committed: Knock still runs its earlier form, and shows the new one.',
          instead: 'The file has the new form. Commit it at Knock before you compare the two.',
        });
}

const knownSettings = new Set([
  'endpoint',
  'event_type_path',
  'idempotency_key_path',
  'timestamp_path',
  'enforce_verification',
  'preprocess_script',
  'handle_identifies',
  'enforce_idempotency',
]);

/** What an environment here begins with. Where its counterpart does not have the source, nothing runs. */
function settingsOf(slug: string, file: SourceFile, mappings: ConvertedMapping[], context: Context): SourceSettings {
  const there = context.source.environments.get(slug);
  const settings = there?.settings ?? {};
  const inactive = mappings.filter(({ active }) => active.get(slug) !== true).map(({ mapping }) => mapping.id);
  const enforced = enforcementOf(settings, file, context);
  return {
    enabled: true,
    ...(settings.handle_identifies != null && { identify: settings.handle_identifies }),
    verification: enforced === undefined ? {} : { enforced },
    idempotency: there === undefined ? {} : idempotencyOf(settings, file, context),
    inactive_mappings: inactive,
  };
}

/**
 * Enforcement begins with the secret, which Knock does not tell: until it is set here, every request
 * would be answered 503. docs/decisions/0065-what-an-import-writes.md
 */
function enforcementOf(
  { enforce_verification: enforced }: KnockSettings,
  file: SourceFile,
  context: Context,
): SourceSettings['verification']['enforced'] {
  // Sources of the first generation check nothing.
  if (enforced == null) return context.dialect === 'properties' ? false : undefined;
  if (!enforced) return false;
  return hasSecret(file, context) ? 'once_set' : undefined;
}

/** Whether requests can be checked at all. */
function hasSecret(file: SourceFile, { kind }: Context): boolean {
  return verifierOf(kind, file).provesNothing === undefined;
}

function idempotencyOf(
  settings: KnockSettings,
  file: SourceFile,
  { kind, dialect, provider }: Context,
): SourceSettings['idempotency'] {
  if (dialect === 'properties') return { enabled: settings.enforce_idempotency === true };
  const given = settings.idempotency_key_path;
  const own = [
    provider?.default_settings.idempotency_key_path,
    file.idempotency_key_path,
    ...(file.idempotency_key_path === undefined ? kind.idempotencyKeyPaths.map(({ text }) => text) : []),
  ];
  if (!given) return { enabled: false };
  const converted = convertPath(given, dialect);
  if ('problem' in converted) return { enabled: false };
  const isOwn = own.includes(given) || own.includes(converted.path);
  return { enabled: true, ...(!isOwn && { path: converted.path }) };
}

/** What is left to do by hand: secrets and URLs are not for an API to tell. */
function tellSender(key: string, file: SourceFile, context: Context): void {
  const { source, where, report, wishes } = context;
  const names = wishes.pairs.filter((pair) => source.environments.has(pair.knock)).map((pair) => pair.here);
  const all = names.join(' and ');
  const isEnforced = [...source.environments.values()].some(({ settings }) => settings.enforce_verification === true);
  if (hasSecret(file, context))
    report({
      reason: 'secret',
      where,
      what: 'its signing secret',
      why: 'Knock tells no secret. Until it is set, requests are accepted unchecked, and actions that delete do not run.',
      instead: `npx signalbox secrets set ${key} -e NAME, for ${all}.`,
    });
  else if (isEnforced)
    report({
      reason: 'unverified',
      where,
      what: 'that requests are checked',
      why: 'Its script checks them, and a script does not move.',
      instead: 'Declare `verification` in its file, then npx signalbox secrets set and settings set --enforce on.',
    });
  report({
    reason: 'sender_url',
    where,
    what: 'the URL at its sender',
    why: 'Its sender posts to Knock until you change it there.',
    instead: `npx signalbox sources ${key} -e NAME prints the URL, for ${all}.`,
  });
}
