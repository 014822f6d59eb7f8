import type { Action } from '../../core/actions/action.ts';
import { findAction } from '../../core/actions/index.ts';
import { isResourceKey } from '../../core/ids/resource-key.ts';
import { canonicalJson } from '../../core/json/canonical-json.ts';
import { resourceNamedBy } from '../../core/mappings/action-facts.ts';
import type { Mapping } from '../../core/mappings/schema.ts';
import type { SourceKind } from '../../core/sources/source.ts';
import type { KnockMapping, KnockSourceRead } from './account.ts';
import { convertParameters, type ParameterProblem } from './convert-parameters.ts';
import type { PathDialect } from './convert-path.ts';
import type { Report } from './report.ts';

/** A mapping with the environments of Knock in which it is, and whether it is active there. */
export type ConvertedMapping = { mapping: Mapping; active: Map<string, boolean> };

export type MappingContext = {
  source: KnockSourceRead;
  kind: SourceKind;
  dialect: PathDialect;
  /** Environments of Knock, lowest first. */
  slugs: readonly string[];
  /** Keys of workflows that are committed in any environment. */
  workflows: ReadonlySet<string>;
  report: Report;
};

/** Mappings that do the same thing, and differ in parameters at most. */
type Family = { name: string; variants: ConvertedMapping[] };

/**
 * The mappings of all environments as one list, since a file here is for all of them. A mapping that
 * differs between environments becomes several, each active only where it is at Knock.
 *
 * Ids are made of what a mapping does, so that a second import makes the same ones.
 */
export function convertMappings(context: MappingContext): ConvertedMapping[] {
  const families = new Map<string, Family>();
  const { source, slugs } = context;
  for (const slug of slugs) {
    const there = source.environments.get(slug);
    // Two equal mappings of one environment run twice there, so they stay two.
    const seen = new Map<string, number>();
    const inOrder = (there?.mappings ?? []).toSorted((a, b) => compareText(a.created_at, b.created_at));
    for (const given of inOrder) {
      const converted = convertOne(given, slug, context);
      if (converted === undefined) continue;
      const { name, mapping } = converted;
      const family = families.get(name) ?? { name, variants: [] };
      families.set(name, family);
      const same = canonicalJson(mapping);
      const nth = seen.get(same) ?? 0;
      seen.set(same, nth + 1);
      const variant = family.variants.filter((one) => canonicalJson({ ...one.mapping, id: '' }) === same)[nth];
      if (variant === undefined) family.variants.push({ mapping, active: new Map([[slug, given.active]]) });
      else variant.active.set(slug, given.active);
    }
  }
  return named([...families.values()], context);
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The mapping without its id; undefined when it has no counterpart. */
function convertOne(
  given: KnockMapping,
  slug: string,
  { source, kind, dialect, workflows, report }: MappingContext,
): { name: string; mapping: Mapping } | undefined {
  const where = `source ${source.key}, ${slug}`;
  const what = `the mapping ${given.event_type} → ${given.action_type}`;
  const leave = (reason: Parameters<Report>[0]['reason'], why: string, instead: string) => {
    report({ reason, where, what, why, instead });
    return undefined;
  };
  if (given.is_deleted)
    return leave(
      'mapping_deleted',
      'It is deleted at Knock, and runs there until its workflow is committed.',
      'Nothing, if it is meant to go.',
    );
  const action = findAction(given.action_type);
  if (action === undefined)
    return leave('action_unknown', `There is no action ${given.action_type} here.`, 'docs/actions.md lists them.');
  const { parameters, problems } = convertParameters(action, given.action_parameters ?? {}, dialect);
  for (const problem of problems) report({ where, what, ...wordsOf(problem) });
  const mapping: Mapping = { id: '', event: given.event_type, action: action.id, parameters };
  const names = resourceNamedBy(mapping);
  if (names?.type === 'workflow' && !workflows.has(names.key))
    return leave(
      'workflow_missing',
      `Workflow ${names.key} is committed in no environment that was read.`,
      `Commit it at Knock and import again, or write infra/config/workflows/${names.key}.yaml and the mapping.`,
    );
  const never = kind.neverOfType?.(given.event_type);
  if (never !== undefined)
    report({
      reason: 'mapping_never_matches',
      where,
      what,
      why: `A source of kind ${kind.id} sends no event of this type: ${never}.`,
      instead: 'Change the event in the file, or import with another --kind.',
    });
  return { name: nameOf(action, given.event_type, names?.key), mapping };
}

function wordsOf({ reason, parameter, why }: ParameterProblem): { reason: ParameterProblem['reason'] } & {
  why: string;
  instead: string;
} {
  const sentence = `Parameter ${parameter}: ${why}.`;
  const insteads: Record<ParameterProblem['reason'], string> = {
    parameter_unknown: 'The mapping is in the file without it.',
    parameter_unreadable: 'The mapping is in the file without it; docs/mappings.md says what can be written.',
    path_unreadable: 'The mapping is in the file without it; docs/mappings.md says what can be written.',
    computed_path: 'Compute it in the file under preprocess.jsonata, by the same name: docs/mappings.md.',
  };
  return { reason, why: sentence, instead: insteads[reason] };
}

/** `order-completed-on-track-order-completed`, `users-identify-on-identify`. */
function nameOf({ id }: Action, event: string, resource: string | undefined): string {
  const slug = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '');
  const name = `${slug(resource ?? id)}-on-${slug(event) || 'event'}`.slice(0, nameLengthMax);
  return isResourceKey(name) ? name : slug(`mapping-${name}`);
}

/** Leaves room for what tells two of one name apart. */
const nameLengthMax = 200;

function named(families: Family[], { source, slugs, report }: MappingContext): ConvertedMapping[] {
  const taken = new Set<string>();
  return families.flatMap(({ name, variants }) =>
    variants.map((variant, i) => {
      const [first = ''] = variant.active.keys();
      const isElsewhere = variants.slice(0, i).every(({ active }) => !active.has(first));
      const id = freeName(i === 0 ? name : isElsewhere ? `${name}-${first}` : `${name}-${i + 1}`, taken);
      taken.add(id);
      const absent = slugs.filter((slug) => source.environments.has(slug) && !variant.active.has(slug));
      const isOther = absent.some((slug) => variants.some(({ active }) => active.has(slug)));
      if (absent.length > 0)
        report({
          reason: 'mapping_differs',
          where: `source ${source.key}`,
          what: `the mapping ${id}`,
          why: isOther
            ? `Its parameters differ between environments; these are those of ${[...variant.active.keys()].join(' and ')}.`
            : `It is only in ${[...variant.active.keys()].join(' and ')}.`,
          instead: `It is inactive in ${absent.join(' and ')}. To use it there: npx signalbox mapping activate ${source.key} ${id}`,
        });
      return { ...variant, mapping: { ...variant.mapping, id } };
    }),
  );
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let i = 2; taken.has(free); i++) free = `${name}-${i}`;
  return free;
}
