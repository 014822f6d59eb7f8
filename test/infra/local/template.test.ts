// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how Fn::Sub writes its variables
import { describe, expect, test } from '@jest/globals';
import { type Resolver, resolve, type TemplateValue } from '../../../infra/local/template.ts';

const resolver: Resolver = {
  stackName: 'signalbox-test',
  region: 'us-east-1',
  accountId: '000000000000',
  parameters: {
    BootstrapVersion: { Type: 'String', Default: '/cdk-bootstrap/version' },
    NoDefault: { Type: 'String' },
  },
  resources: new Map([
    [
      'Queue',
      { ref: 'http://127.0.0.1:1/000000000000/q', attribute: (name) => (name === 'Arn' ? 'arn:q' : undefined) },
    ],
  ]),
};

describe('resolving template values', () => {
  test.each<[string, TemplateValue, TemplateValue]>([
    ['a plain value as it is', { a: [1, true, null, 'x'] }, { a: [1, true, null, 'x'] }],
    ['Ref to a resource', { Ref: 'Queue' }, 'http://127.0.0.1:1/000000000000/q'],
    ['Ref to a parameter with a default', { Ref: 'BootstrapVersion' }, '/cdk-bootstrap/version'],
    ['Ref to a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    ['Fn::GetAtt as a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn:q'],
    ['Fn::GetAtt as a text', { 'Fn::GetAtt': 'Queue.Arn' }, 'arn:q'],
    [
      'Fn::Join around others',
      { 'Fn::Join': [':', ['a', { Ref: 'AWS::Partition' }, { Ref: 'AWS::AccountId' }]] },
      'a:aws:000000000000',
    ],
    [
      'Fn::Sub with everything it can name',
      { 'Fn::Sub': '${AWS::StackName} ${Queue.Arn} ${Queue} ${!kept}' },
      'signalbox-test arn:q http://127.0.0.1:1/000000000000/q ${kept}',
    ],
    ['Fn::Sub with variables of its own', { 'Fn::Sub': ['${name}', { name: { Ref: 'AWS::Region' } }] }, 'us-east-1'],
    ['a property that has no value is left out', { a: { Ref: 'AWS::NoValue' }, b: 1 }, { b: 1 }],
    ['an item that has no value is left out', ['a', { Ref: 'AWS::NoValue' }], ['a']],
    ['a map that merely has a key named Ref', { Ref: 'Queue', other: 1 }, { Ref: 'Queue', other: 1 }],
  ])('%s', (_, value, expected) => {
    expect(resolve(value, resolver)).toEqual(expected);
  });

  test.each<[string, TemplateValue, string]>([
    ['a function it does not know', { 'Fn::Select': [0, ['a']] }, 'Fn::Select'],
    ['a name that is not defined', { Ref: 'Nobody' }, '"Nobody"'],
    ['a name that every object inherits', { Ref: 'constructor' }, '"constructor"'],
    ['an attribute that does not exist', { 'Fn::GetAtt': ['Queue', 'Color'] }, 'Queue.Color'],
    ['a parameter without a default', { Ref: 'NoDefault' }, '"NoDefault"'],
  ])('refuses %s by name', (_, value, named) => {
    expect(() => resolve(value, resolver)).toThrow(named);
  });
});
