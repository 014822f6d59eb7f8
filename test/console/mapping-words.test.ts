import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { completionsAt, type JsonSchema, type Words } from '../../infra/console/web/mappings/completions.ts';
import { pathInserted, scalar } from '../../infra/console/web/mappings/insert-path.ts';
import { placeAt } from '../../infra/console/web/mappings/yaml-place.ts';
import { fileSchemas } from '../../shared/operations/configuration/files/file-schemas.ts';

/* What the mapping editor offers while someone types. `|` is the cursor. */

const words: Words = {
  schema: fileSchemas().source as JsonSchema,
  sources: ['shop'],
  workflows: ['receipt', 'welcome'],
  audiences: ['vips'],
  event_types: ['track/paid'],
  naming: [
    { action: 'workflows_trigger', parameter: 'key', type: 'workflow' },
    { action: 'audiences_add_member', parameter: 'key', type: 'audience' },
  ],
  paths: [{ path: 'data.total', shown: '5' }],
};

function cut(marked: string) {
  const offset = marked.indexOf('|');
  return { text: marked.slice(0, offset) + marked.slice(offset + 1), offset };
}

function labels(marked: string): string[] {
  const { text, offset } = cut(marked);
  return completionsAt(text, offset, words)?.options.map(({ label }) => label) ?? [];
}

const mapping = (lines: string) => `kind: rudderstack
name: Shop
mappings:
  # the first one
  - id: identify
    event: identify
    action: users_identify
    parameters: { id: user_id }

  - id: paid
    event: track/paid
${lines}`;

describe('the place of a cursor', () => {
  test.each([
    ['a name at the top', 'kind: x\nna|', [], 'name'],
    ['a value at the top', 'kind: ru|', ['kind'], 'value'],
    ['a name of a mapping', mapping('    acti|'), ['mappings', 1], 'name'],
    ['a name that is there already', mapping('    ac|tion: x'), ['mappings', 1], 'name'],
    ['a value of a mapping', mapping('    action: wo|'), ['mappings', 1, 'action'], 'value'],
    ['an empty value', mapping('    parameters:\n      id:|'), ['mappings', 1, 'parameters', 'id'], 'value'],
    ['a blank line', mapping('    parameters:\n      |'), ['mappings', 1, 'parameters'], 'name'],
    [
      'a nested name',
      mapping('    parameters:\n      data:\n        a: b\n        c|'),
      ['mappings', 1, 'parameters', 'data'],
      'name',
    ],
    ['braces: a name', mapping('    when:\n      - { path: data.x, g| }'), ['mappings', 1, 'when', 0], 'name'],
    ['braces: a value', mapping('    when:\n      - { path: da| }'), ['mappings', 1, 'when', 0, 'path'], 'value'],
    [
      'brackets',
      mapping('    parameters:\n      id: { first: [a, b|] }'),
      ['mappings', 1, 'parameters', 'id', 'first', 1],
      'value',
    ],
    [
      'a list',
      mapping('    parameters:\n      id:\n        first:\n          - a\n          - b|'),
      ['mappings', 1, 'parameters', 'id', 'first', 1],
      'name',
    ],
    ['a list without indentation', 'mappings:\n- id: a\n- id: b\n  ev|', ['mappings', 1], 'name'],
    ['the first name of an item', 'mappings:\n  - id: a\n  - i|', ['mappings', 1], 'name'],
    ['a quoted name', 'mappings:\n  - parameters:\n      "a b": da|', ['mappings', 0, 'parameters', 'a b'], 'value'],
  ] as const)('%s', (_name, marked, path, at) => {
    const { text, offset } = cut(marked);
    expect(placeAt(text, offset)).toMatchObject({ path, at });
  });

  test.each(['kind: x # co|', '# |', 'a: "b" # |'])('is none in a comment: %s', (marked) => {
    const { text, offset } = cut(marked);
    expect(placeAt(text, offset)).toBeUndefined();
  });
});

describe('completion', () => {
  test('offers the names of a place that are not there yet, with their meaning', () => {
    expect(labels(mapping('    |'))).toEqual(['action', 'parameters', 'when']);
    const { text, offset } = cut(mapping('    a|'));
    expect(completionsAt(text, offset, words)?.options[0]).toMatchObject({
      detail: 'required',
      info: expect.stringContaining('What to do'),
    });
  });

  test('offers actions, and the parameters of the one that is chosen', () => {
    expect(labels(mapping('    action: |'))).toContain('workflows_trigger');
    const parameters = labels(mapping('    action: workflows_trigger\n    parameters:\n      |'));
    expect(parameters).toEqual(expect.arrayContaining(['key', 'recipients', 'data']));
    expect(parameters).not.toContain('email');
    expect(labels(mapping('    action: users_identify\n    parameters:\n      |'))).toContain('email');
  });

  test('offers keys of workflows or audiences, event types, and paths of the event', () => {
    const key = (action: string) => labels(mapping(`    action: ${action}\n    parameters:\n      key: |`));
    expect(key('workflows_trigger')).toEqual(expect.arrayContaining(['receipt', 'welcome', 'data.total']));
    expect(key('audiences_add_member')).toContain('vips');
    expect(labels('mappings:\n  - event: |')).toEqual(['track/paid']);
    expect(labels(mapping('    when:\n      - { path: | }'))).toEqual(['data.total']);
    expect(labels(mapping('    parameters:\n      x: { first: [|] }'))).toContain('data.total');
    expect(labels(mapping('    parameters:\n      x: { value: | }'))).not.toContain('data.total');
  });

  test('offers tests of a condition, and operators of a value', () => {
    expect(labels(mapping('    when:\n      - { path: data.total, | }'))).toEqual(
      expect.arrayContaining(['gte', 'is_not']),
    );
    expect(labels(mapping('    parameters:\n      x: { | }'))).toEqual(['value', 'first', 'template']);
  });
});

describe('a path that is put into the text', () => {
  const put = (marked: string, path = 'data.total') => {
    const { text, offset } = cut(marked);
    const change = pathInserted(text, { from: offset, to: offset }, path);
    return change && text.slice(0, change.from) + change.insert + text.slice(change.to);
  };
  const line = (text: string) => mapping(`    parameters:\n${text}`);

  test.each([
    ['an empty value', '      id:|', '      id: data.total'],
    ['an empty value behind a space', '      id: |', '      id: data.total'],
    ['another path', '      id: user|_id # who', '      id: data.total # who'],
    ['a quoted one', `      id: "us|er"`, '      id: data.total'],
    ['a value in braces', '      id: { first: [a|, b] }', '      id: { first: [data.total, b] }'],
    ['an item', '      id:\n        first:\n          - |', '      id:\n        first:\n          - data.total'],
    ['a template', '      id: { template: "to |" }', '      id: { template: "to {{data.total}}" }'],
    ['braces of a template', '      id: { template: "{{|}}" }', '      id: { template: "{{data.total}}" }'],
    ['an empty template', '      id:\n        template:|', "      id:\n        template: '{{data.total}}'"],
  ])('takes the place of %s', (_name, before, after) => {
    expect(put(line(before))).toBe(line(after));
  });

  test('stands nowhere else: not in a name, an action, a literal or a comment', () => {
    for (const marked of [
      line('      i|d: x'),
      mapping('    action: |'),
      line('      id: { value: | }'),
      '# |',
      'kind: |',
    ])
      expect(put(marked)).toBeUndefined();
  });

  test.each([
    ['data["Plan Name"]'],
    ['data["a, b"].c'],
    ['data["it\'s"]'],
    ['data["a: b"]'],
    ['data["x #y"]'],
    ['data["\\u202egnp"]'],
    ['body["{{7*7}}"]'],
    ['true'],
    ['null.x'],
    ['0day'],
    ['*alias'],
    ['ключ'],
  ])('means itself wherever it is read: %s', (path) => {
    expect(parse(`x: ${scalar(path, false)}`)).toEqual({ x: path });
    expect(parse(`{ x: ${scalar(path, true)}, y: [ ${scalar(path, true)} ] }`)).toEqual({ x: path, y: [path] });
    const template = put(line('      id: { template: "a |" }'), path);
    expect(parse(template ?? '').mappings[1].parameters.id.template).toBe(`a {{${path}}}`);
  });
});
