import type { Property, PropertyType } from '@aws-cdk/service-spec-types';
import { describe, expect, test } from '@jest/globals';
import { environments } from '../../infra/environments.ts';
import { importOnce } from '../support/import-once.ts';
import { resource, type StackTemplate, templateOf } from './templates.ts';

const { spec } = await importOnce<typeof import('./service-spec.ts')>('test/infra/service-spec.ts');

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** What CloudFormation works out at the deploy: `{ Ref }`, `{ 'Fn::GetAtt' }`. It may stand for any type. */
const isIntrinsic = (value: unknown) => isObject(value) && Object.keys(value).every((key) => /^(Ref$|Fn::)/.test(key));

/** One line for each property that AWS's model does not have, misses, or has with another type. */
function wrong(properties: Record<string, Property>, values: Record<string, unknown>, path: string): string[] {
  const unknown = Object.keys(values).filter((key) => !Object.hasOwn(properties, key));
  const missing = Object.entries(properties).filter(([key, { required }]) => required && values[key] === undefined);
  return [
    ...unknown.map((key) => `${path}.${key} is no property`),
    ...missing.map(([key]) => `${path}.${key} is missing`),
    ...Object.entries(values).flatMap(([key, value]) => {
      const type = properties[key]?.type;
      return type === undefined ? [] : wrongValue(type, value, `${path}.${key}`);
    }),
  ];
}

function wrongValue(type: PropertyType, value: unknown, path: string): string[] {
  if (isIntrinsic(value) && Object.keys(value as object).length > 0) return [];
  const is = (right: boolean) => (right ? [] : [`${path} is not of type ${type.type}`]);
  switch (type.type) {
    case 'string':
    case 'date-time':
      return is(typeof value === 'string');
    case 'number':
      return is(typeof value === 'number');
    case 'integer':
      return is(Number.isInteger(value));
    case 'boolean':
      return is(typeof value === 'boolean');
    case 'array':
      if (!Array.isArray(value)) return is(false);
      return value.flatMap((one, i) => wrongValue(type.element, one, `${path}[${i}]`));
    case 'map':
      if (!isObject(value)) return is(false);
      return Object.entries(value).flatMap(([key, one]) => wrongValue(type.element, one, `${path}.${key}`));
    case 'ref':
      return isObject(value) ? wrong(spec.get('typeDefinition', type.reference).properties, value, path) : is(false);
    case 'union': {
      const tried = type.types.map((one) => wrongValue(one, value, path));
      return tried.find((lines) => lines.length === 0) ?? tried[0] ?? [];
    }
    case 'tag':
      return is(isObject(value) && typeof value.Key === 'string');
    default:
      return [];
  }
}

function wrongIn({ Resources }: StackTemplate): string[] {
  return Object.entries(Resources).flatMap(([id, { Type, Properties: values }]) => {
    const [found] = spec.lookup('resource', 'cloudFormationType', 'equals', Type);
    return found === undefined ? [`${id}: there is no ${Type}`] : wrong(found.properties, values, id);
  });
}

describe('properties of resources', () => {
  test.each(environments)('are those of AWS’s own model in $name, with values of its types', ({ name }) => {
    expect(wrongIn(templateOf(name))).toEqual([]);
  });

  test.each<[string, (template: StackTemplate) => void]>([
    [
      'EventsQueue.VisibilityTimout is no property',
      (t) => (resource(t, 'EventsQueue').Properties.VisibilityTimout = 1),
    ],
    [
      'EventsQueue.DelaySeconds is not of type integer',
      (t) => (resource(t, 'EventsQueue').Properties.DelaySeconds = '1'),
    ],
    ['Claims.KeySchema is missing', (t) => delete resource(t, 'Claims').Properties.KeySchema],
    [
      'EventLog.GlobalSecondaryIndexes[0].Projection.Type is no property',
      (t) => (resource(t, 'EventLog').Properties.GlobalSecondaryIndexes[0].Projection.Type = 'ALL'),
    ],
  ])('a wrong one is found: %s', (line, change) => {
    const template = structuredClone(templateOf('production'));
    change(template);
    expect(wrongIn(template)).toEqual([line]);
  });
});
