import { readFileSync } from 'node:fs';
import type { Resource } from '@aws-cdk/service-spec-types';
import { parse, stringify } from 'yaml';
import { importOnce } from '../support/import-once.ts';
import type { StackTemplate, TemplateResource } from './templates.ts';

/** What `infra/kept-resources.yaml` says of one resource: everything whose change would lose what it holds. */
export type Kept = { type: string; name: string; [property: string]: string };

export const keptFile = 'infra/kept-resources.yaml';

export function readKept(): Record<string, Record<string, Kept>> {
  return parse(readFileSync(keptFile, 'utf8'));
}

const { spec } = await importOnce<typeof import('./service-spec.ts')>('test/infra/service-spec.ts');

export function specOf(type: string): Resource {
  const [found] = spec.lookup('resource', 'cloudFormationType', 'equals', type);
  if (found === undefined) throw new Error(`AWS's model has no ${type}`);
  return found;
}

/** What is gone with each resource. The types that AWS's model calls stateful, and some whose loss is felt outside. */
const lost: Record<string, string | Record<string, string>> = {
  'AWS::DynamoDB::Table': {
    Claims: 'which events have run: what is sent again runs again',
    EventLog: 'all rows of events: `events`, `why` and `replay` know nothing from before',
    ActionLog: 'all rows of actions: `actions`, `why` and `replay` know nothing from before',
    WorkflowRuns: 'all runs: none from before can be found or cancelled',
    Directory: 'all users, objects, tenants, subscriptions and audiences',
    Configuration: 'all commits and drafts, keys of the API and switches: ingest answers 503 until the next commit',
  },
  'AWS::SQS::Queue': 'all messages that wait in it',
  'AWS::SecretsManager::Secret': 'the key of all ingest URLs: every sender gets 404 until it has a new URL',
  'AWS::Logs::LogGroup': 'all log lines in it',
  'AWS::ApiGatewayV2::Api': 'its host name, with which all ingest URLs begin that have no custom domain',
  'AWS::ApiGatewayV2::DomainName': 'the name that your DNS record points to',
  'AWS::SNS::Topic': 'its subscriptions: alarms reach no person until the recipient has confirmed again',
  'AWS::SNS::Subscription': 'the confirmation: alarms reach no person until the recipient has confirmed again',
};

function lossOf(id: string, { type }: Kept): string {
  const loss = lost[type] ?? 'what it holds';
  return typeof loss === 'string' ? loss : (loss[id] ?? 'all its rows');
}

/** The resources of a template that hold something. */
export function keptOf(template: StackTemplate): Record<string, Kept> {
  return Object.fromEntries(
    Object.entries(template.Resources)
      .filter(([, { Type }]) => Object.hasOwn(lost, Type) || specOf(Type).isStateful)
      .map(([id, resource]) => [id, keptResource(resource)]),
  );
}

const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

function keptResource(resource: TemplateResource): Kept {
  const { Type, Properties, DeletionPolicy } = resource;
  const { primaryIdentifier = [], properties } = specOf(Type);
  const replacing = Object.entries(properties)
    .filter(([, { causesReplacement = 'no' }]) => causesReplacement !== 'no')
    .map(([property]) => property)
    .filter((property) => Properties[property] !== undefined && !primaryIdentifier.includes(property));
  const [idProperty = ''] = primaryIdentifier;
  const name = Properties[idProperty] ?? Properties.QueueName ?? Properties.TopicName ?? Properties.Name;
  return {
    type: Type,
    name: Type === 'AWS::ApiGatewayV2::Api' || name === undefined ? 'chosen by AWS' : text(name),
    ...(DeletionPolicy !== undefined && { 'when the stack is deleted': DeletionPolicy }),
    ...Object.fromEntries(
      replacing
        .filter((property) => !['Name', 'QueueName', 'TopicName', 'KeySchema'].includes(property))
        .map((property) => [property, text(Properties[property])]),
    ),
    ...(Type === 'AWS::DynamoDB::Table' && keysOf(Properties)),
    // Not a replacement, but another key.
    ...(Type === 'AWS::SecretsManager::Secret' && { GenerateSecretString: text(Properties.GenerateSecretString) }),
  };
}

type Attribute = { AttributeName: string };
type Keys = { KeySchema: (Attribute & { KeyType: string })[] };

/** Keys with their types, which replace a table; indexes, which CloudFormation cannot change; and what ends rows. */
function keysOf(properties: TemplateResource['Properties']): Record<string, string> {
  const types = new Map(
    properties.AttributeDefinitions.map((one: Attribute & { AttributeType: string }) => [
      one.AttributeName,
      one.AttributeType,
    ]),
  );
  const keys = ({ KeySchema }: Keys) =>
    KeySchema.map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType} ${types.get(AttributeName)}`).join(', ');
  const indexes: (Keys & { IndexName: string; Projection: object })[] = properties.GlobalSecondaryIndexes ?? [];
  return {
    keys: keys(properties),
    ...Object.fromEntries(
      indexes.map((index) => [`index ${index.IndexName}`, `${keys(index)}; ${text(index.Projection)}`]),
    ),
    ...(properties.TimeToLiveSpecification && { 'rows end at': properties.TimeToLiveSpecification.AttributeName }),
  };
}

/** One message per difference: what CloudFormation would do, what is lost by it, and how to mean it. */
export function differences(environment: string, kept: Record<string, Kept>, found: Record<string, Kept>): string[] {
  const entry = (id: string, resource: Kept) =>
    stringify({ [id]: resource }, { lineWidth: 0 })
      .trimEnd()
      .replace(/^/gm, '    ');
  const put = (id: string, resource: Kept) =>
    `If it is meant, put this under ${environment} in ${keptFile}:\n${entry(id, resource)}`;
  const messages: string[] = [];
  for (const [id, was] of Object.entries(kept)) {
    const is = found[id];
    if (is === undefined) {
      const moved = Object.entries(found).find(([other, one]) => !(other in kept) && one.type === was.type);
      messages.push(
        `${environment}: ${id} (${was.type}, ${was.name}) would be deleted${moved === undefined ? '' : `, perhaps for ${moved[0]}`}. Lost: ${lossOf(id, was)}.\n` +
          `If its construct was only moved or renamed, keep its logical id: keepLogicalId(resource, '${id}').\n` +
          `If it is meant, remove ${id} under ${environment} in ${keptFile}, and say in CHANGELOG.md what to save first.`,
      );
      continue;
    }
    const changed = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((key) => was[key] !== is[key]);
    if (changed.length === 0) continue;
    const lines = changed.map((key) => `  ${key}: ${was[key] ?? 'nothing'} → ${is[key] ?? 'nothing'}`);
    messages.push(
      `${environment}: ${id} (${was.type}) ${effectOf(changed, id, was)}\n${lines.join('\n')}\n${put(id, is)}`,
    );
  }
  for (const [id, is] of Object.entries(found))
    if (!(id in kept))
      messages.push(
        `${environment}: ${id} (${is.type}) is new and not listed: no test would notice its loss.\n${put(id, is)}`,
      );
  return messages;
}

function effectOf(changed: string[], id: string, was: Kept): string {
  if (changed.every((key) => key.startsWith('index ')))
    return 'changes an index. An index can be added or removed, one per deploy, and is built while the table serves. A changed one needs another name.';
  if (changed.every((key) => key === 'when the stack is deleted'))
    return `ends otherwise with its stack. With it may be lost: ${lossOf(id, was)}.`;
  if (changed.every((key) => key === 'rows end at')) return 'forgets its rows at another time, or begins or stops to.';
  return `would be replaced by an empty one. Lost: ${lossOf(id, was)}.`;
}
