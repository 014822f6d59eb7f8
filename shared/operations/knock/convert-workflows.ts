import { Ajv2020 } from 'ajv/dist/2020.js';
import { compileDataSchema } from '../../core/configuration/compile-data-schema.ts';
import { dataSchemaProblems } from '../../core/configuration/data-schema.ts';
import type { AudienceFile, WorkflowFile } from '../../core/configuration/schema.ts';
import type { Target } from '../../core/configuration/targets/index.ts';
import { isResourceKey } from '../../core/ids/resource-key.ts';
import { type JsonObject, sameJson } from '../../core/json/values.ts';
import type { KnockAccount, KnockConditions, KnockWorkflow } from './account.ts';
import type { Report } from './report.ts';
import type { ImportWishes } from './wishes.ts';

export type ConvertedWorkflows = {
  files: Record<string, WorkflowFile>;
  /** By key: the slugs in which it is committed and active. */
  activeIn: Map<string, Set<string>>;
  /** By key; `undefined` when environments differ. */
  conditions: Map<string, KnockConditions>;
};

/** Workflows of all environments. Their steps stay at Knock: here a workflow is where runs go. */
export function convertWorkflows(
  { workflows }: KnockAccount,
  { here, target }: ImportWishes,
  report: Report,
): ConvertedWorkflows {
  const byKey = new Map<string, { slug: string; workflow: KnockWorkflow }[]>();
  for (const [slug, list] of workflows)
    for (const workflow of list)
      if (!workflow.deleted_at) byKey.set(workflow.key, [...(byKey.get(workflow.key) ?? []), { slug, workflow }]);
  const converted: ConvertedWorkflows = { files: {}, activeIn: new Map(), conditions: new Map() };
  for (const [key, found] of byKey) {
    const where = `workflow ${key}`;
    if (!isResourceKey(key)) {
      report({ reason: 'key_invalid', where, what: 'the workflow', ...invalidKey });
      continue;
    }
    const [{ workflow }] = found as [(typeof found)[number]];
    const schema = dataSchemaOf(workflow, where, report);
    tellFrequency(workflow, where, report);
    // A target of its own for each, since YAML would write one that is shared as an alias.
    const oneTarget = (): Target => (target === 'knock' ? { type: 'knock', workflow: key } : { type: 'log' });
    converted.files[key] = {
      name: workflow.name || key,
      ...(workflow.description && { description: workflow.description }),
      target: Object.fromEntries(here.map((name) => [name, oneTarget()])),
      ...(schema && { data_schema: schema }),
    };
    converted.activeIn.set(key, new Set(found.flatMap((one) => (one.workflow.active ? [one.slug] : []))));
    const conditions = workflow.conditions;
    const isSame = found.every((one) => sameJson(one.workflow.conditions ?? null, conditions ?? null));
    if (isSame) converted.conditions.set(key, conditions);
    else
      report({
        reason: 'conditions',
        where,
        what: 'its conditions',
        why: 'They differ between environments, and a mapping here has the same ones everywhere.',
        instead: 'With a target of type knock, Knock still applies them. Else write `when:` in its mappings.',
      });
  }
  return converted;
}

const invalidKey = {
  why: 'Its key cannot be the name of a file here: lower-case letters, digits, "-" and "_", beginning with a letter or digit.',
  instead: 'Give it another key at Knock and import again.',
};

function dataSchemaOf(
  { trigger_data_json_schema: given }: KnockWorkflow,
  where: string,
  report: Report,
): WorkflowFile['data_schema'] {
  if (given == null || Object.keys(given).length === 0) return undefined;
  // Both name the dialect; here it is always 2020-12.
  const { $schema: _dialect, $id: _id, ...schema } = given as JsonObject;
  const compiled = compileDataSchema(Ajv2020, schema);
  const problems = dataSchemaProblems(schema);
  if (problems.length === 0 && 'problem' in compiled) problems.push(compiled.problem);
  if (problems.length === 0) return schema;
  report({
    reason: 'data_schema',
    where,
    what: 'the schema of its trigger data',
    why: `It cannot be checked here: ${problems.join('; ')}.`,
    instead: 'With a target of type knock, Knock still checks it. Else write a `data_schema` without these parts.',
  });
  return undefined;
}

function tellFrequency({ trigger_frequency: frequency }: KnockWorkflow, where: string, report: Report): void {
  if (!frequency || frequency === 'every_trigger') return;
  report({
    reason: 'trigger_frequency',
    where,
    what: `its trigger frequency, ${frequency}`,
    why: 'A workflow here starts for every trigger.',
    instead: 'With a target of type knock, Knock still applies it. Any other target has to remember recipients itself.',
  });
}

/** Static audiences of all environments; a computed one cannot be a file. */
export function convertAudiences({ audiences }: KnockAccount, report: Report): Record<string, AudienceFile> {
  const files: Record<string, AudienceFile> = {};
  const told = new Set<string>();
  for (const [slug, list] of audiences) {
    for (const { key, name, description, type } of list) {
      if (told.has(key) || Object.hasOwn(files, key)) continue;
      const where = `audience ${key}, ${slug}`;
      if (!isResourceKey(key)) {
        report({ reason: 'key_invalid', where, what: 'the audience', ...invalidKey });
        told.add(key);
      } else if (type === 'static') {
        files[key] = { name: name || key, ...(description && { description }) };
      } else {
        report({
          reason: 'dynamic_audience',
          where,
          what: `the ${type} audience`,
          why: 'Its members are computed from the properties of users. An audience here has the members it was given.',
          instead:
            'Leave it at Knock for workflows there. Or compute it in the warehouse, and sync it into an audience here: docs/sources.md, "Reverse ETL".',
        });
        told.add(key);
      }
    }
  }
  return files;
}
