import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { SourceFile, WorkflowFile } from '../../../../shared/core/configuration/schema.ts';
import type { Mapping } from '../../../../shared/core/mappings/schema.ts';
import { keepFormat } from '../../../../shared/operations/configuration/files/keep-format.ts';
import { planPull } from '../../../../shared/operations/configuration/files/plan-pull.ts';
import { rewriteFile } from '../../../../shared/operations/configuration/files/rewrite-file.ts';
import fc from '../../../support/fast-check.ts';

/** As nobody's formatter would write it: wide comments, flow maps without room, a list that is not indented. */
const source = `# Orders of the shop.
kind:   rudderstack    # the kind
name: 'Shop'

mappings:
# Keeps the user current.
- id: identify
  event: identify
  action: users_identify
  parameters: {id: user_id,   email: data.email}   # both

# Starts the workflow.
- id: order   # stable
  event: "track/order_completed"
  action: workflows_trigger
  parameters:
    key: order
    recipients: user_id
    # All of it.
    data:   data
`;

const contentOf = (text: string) => SourceFile.parse(parse(text));
const changed = (change: (content: SourceFile) => void) => {
  const content = contentOf(source);
  change(content);
  return content;
};
const mappingAt = (content: SourceFile, i: number) => content.mappings[i] as Mapping;
const rewritten = (content: SourceFile) => {
  const text = rewriteFile(source, content, SourceFile);
  if (text !== undefined) expect(contentOf(text)).toEqual(content);
  return text;
};
/** Lines that are not in the file as it was, and those of it that are gone. */
const linesChanged = (text = '') => ({
  gone: source.split('\n').filter((line) => !text.split('\n').includes(line)),
  new: text.split('\n').filter((line) => !source.split('\n').includes(line)),
});

describe('a file that is pulled', () => {
  test('is left alone when it says what is committed already', () => {
    expect(rewritten(contentOf(source))).toBeUndefined();
  });

  test.each<[string, (content: SourceFile) => void, { gone: string[]; new: string[] }]>([
    [
      'one value',
      (content) => {
        mappingAt(content, 1).parameters.recipients = 'data.customer_id';
      },
      { gone: ['    recipients: user_id'], new: ['    recipients: data.customer_id'] },
    ],
    [
      'a value with a comment behind it',
      (content) => {
        content.kind = 'stripe';
      },
      { gone: ['kind:   rudderstack    # the kind'], new: ['kind: stripe # the kind'] },
    ],
    [
      'a field more',
      (content) => {
        content.description = 'All orders';
      },
      { gone: [], new: ['description: All orders'] },
    ],
    [
      'a field less',
      (content) => {
        delete mappingAt(content, 1).parameters.data;
      },
      // A comment goes with what it speaks of.
      { gone: ['    # All of it.', '    data:   data'], new: [] },
    ],
    [
      'a mapping more, at the end',
      (content) => {
        content.mappings.push({ id: 'page', event: 'page', action: 'users_identify', parameters: { id: 'user_id' } });
      },
      { gone: [], new: ['- id: page', '  event: page', '    id: user_id'] },
    ],
    [
      'a mapping less',
      (content) => {
        content.mappings.shift();
      },
      {
        gone: [
          '# Keeps the user current.',
          '- id: identify',
          '  event: identify',
          '  action: users_identify',
          '  parameters: {id: user_id,   email: data.email}   # both',
        ],
        new: [],
      },
    ],
  ])('changes only the lines of %s', (_name, change, expected) => {
    expect(linesChanged(rewritten(changed(change)))).toEqual(expected);
  });

  test('moves a mapping with its comments', () => {
    const text = rewritten(changed((content) => void content.mappings.reverse())) ?? '';
    expect(text.indexOf('# Starts the workflow.')).toBeLessThan(text.indexOf('- id: order   # stable'));
    expect(text.indexOf('- id: order   # stable')).toBeLessThan(text.indexOf('# Keeps the user current.'));
    expect(text.indexOf('# Keeps the user current.')).toBeLessThan(text.indexOf('- id: identify'));
  });

  test('that uses an anchor for several places says what is committed all the same', () => {
    const shared = `kind: rudderstack
name: Shop
mappings:
  - { id: a, event: identify, action: users_identify, parameters: &both { id: user_id } }
  - { id: b, event: page, action: users_identify, parameters: *both }
`;
    const content = contentOf(shared);
    mappingAt(content, 1).parameters = { id: 'data.id' };
    expect(contentOf(rewriteFile(shared, content, SourceFile) ?? '')).toEqual(content);
  });

  test('that no schema accepts is made right', () => {
    const content = contentOf(source);
    const text = rewriteFile('kind: [rudderstack]\nnonsense: 1\n', content, SourceFile) ?? '';
    expect(contentOf(text)).toEqual(content);
  });

  test('says what is committed, whatever was edited: a hundred random edits', () => {
    const value = fc.oneof(
      fc.constantFrom('user_id', 'data.a', 'data.b: c', '# no', "it's", ' x', 'true', '1'),
      fc.record({ value: fc.jsonValue({ maxDepth: 2 }) }),
      fc.array(fc.constantFrom('user_id', 'data.a', 'data.b'), { maxLength: 3 }),
    );
    const mapping = fc.record(
      {
        id: fc.constantFrom('identify', 'order', 'c', 'd', 'e'),
        event: fc.constantFrom('identify', 'track/x', 'track/a # b'),
        action: fc.constantFrom('users_identify', 'workflows_trigger'),
        parameters: fc.dictionary(fc.constantFrom('id', 'key', 'recipients', 'data'), value, { maxKeys: 4 }),
        when: fc.array(fc.record({ path: fc.constant('data.total'), gt: fc.nat(9) }), { maxLength: 2 }),
      },
      { requiredKeys: ['id', 'event', 'action', 'parameters'] },
    );
    const mappings = fc.uniqueArray(mapping, { selector: ({ id }) => id, maxLength: 5 });
    fc.assert(
      fc.property(mappings, fc.constantFrom('Shop', 'The "shop"', 'a: b'), (all, name) => {
        const parsed = SourceFile.safeParse({ kind: 'rudderstack', name, mappings: all });
        fc.pre(parsed.success);
        const text = rewriteFile(source, parsed.data, SourceFile);
        expect(contentOf(text ?? source)).toEqual(parsed.data);
      }),
      { numRuns: 100 },
    );
  });
});

test('merging keeps the original where nothing was edited, and takes the edit where both changed', () => {
  const plain = 'a: 1\nb: 2\nc: 3\nd: 4';
  expect(keepFormat('a:  1\nb:  2\nc:  3\nd: 4', plain, 'a: 1\nb: 9\nc: 3\nd: 4')).toContain('b: 9');
  expect(keepFormat('a:  1\nb: 2\nc:  3\nd: 4', plain, 'a: 1\nb: 2\nc: 3\nd: 5')).toBe('a:  1\nb: 2\nc:  3\nd: 5');
});

describe('a folder that is pulled into', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'signalbox-pull-'));
    mkdirSync(join(directory, 'sources'));
    writeFileSync(join(directory, 'sources', 'shop.yaml'), source);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const workflow = WorkflowFile.parse({ name: 'Order', target: {} });
  const plan = (sources: Record<string, SourceFile>, workflows = {}) =>
    planPull(directory, { sources, workflows, audiences: {} }).map(({ path, kind }) => [
      path.slice(directory.length + 1),
      kind,
    ]);

  test('gets files of what is new, keeps what is the same, loses what is gone', () => {
    expect(plan({ shop: contentOf(source) })).toEqual([]);
    expect(plan({ other: contentOf(source) }, { order: workflow })).toEqual([
      ['sources/other.yaml', 'create'],
      ['sources/shop.yaml', 'remove'],
      ['workflows/order.yaml', 'create'],
    ]);
    expect(readFileSync(join(directory, 'sources', 'shop.yaml'), 'utf8')).toBe(source);
  });

  test("gives a new file the line by which editors find the schema, where the folder's files have one", () => {
    const modeline = '# yaml-language-server: $schema=../../schemas/source.json';
    const created = () =>
      planPull(directory, { sources: { other: contentOf(source) }, workflows: {}, audiences: {} })[0];
    expect(created()).toMatchObject({ kind: 'create', text: expect.stringMatching(/^kind: rudderstack/) });
    writeFileSync(join(directory, 'sources', 'shop.yaml'), `${modeline}\n${source}`);
    expect(created()).toMatchObject({
      kind: 'create',
      text: expect.stringContaining(`${modeline}\nkind: rudderstack`),
    });
  });

  test('that holds something which is not YAML is not touched', () => {
    writeFileSync(join(directory, 'sources', 'shop.yaml'), 'kind: [');
    expect(plan({ shop: contentOf(source) })).toEqual([['sources/shop.yaml', 'unreadable']]);
  });
});
