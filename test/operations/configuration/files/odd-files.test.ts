import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  problemText,
  readConfigurationFiles,
} from '../../../../shared/operations/configuration/files/configuration-files.ts';

/** What lies in a folder by mistake, and what YAML reads otherwise than it is meant. */

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-odd-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const right = { 'sources/rs.yaml': 'kind: rudderstack\nname: S\n', 'environments/development.yaml': '' };

function write(files: Record<string, string | Uint8Array>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

const problems = (folder = directory) =>
  readConfigurationFiles(folder).problems.map((problem) => problemText(problem).replaceAll(`${directory}/`, ''));

const valued = (value: string) =>
  `kind: http\nname: S\nmappings:\n  - id: a\n    event: x\n    action: users_identify\n    parameters: { id: user_id, name: { value: ${value} } }\n`;

describe('a folder that cannot be meant is an error, since it looks like one from which everything was removed', () => {
  test.each<[what: string, folder: string, told: string]>([
    ['one that is not there', 'confg', 'confg error: is not there; did you mean config?'],
    ['one level too deep', 'config/sources', 'config/sources error: has none of the folders'],
    ['one level too high', '.', 'did you mean config?'],
    ['a file', 'config/sources/rs.yaml', 'config/sources/rs.yaml error: is a file; name the folder'],
    ['an empty one', 'empty', 'empty error: has none of the folders sources, workflows, audiences, environments'],
    ['one without a source', 'bare', 'bare/sources error: has no source; a configuration has one at least'],
  ])('%s', (_what, folder, told) => {
    write({ 'config/sources/rs.yaml': right['sources/rs.yaml'], 'bare/workflows/a.yaml': 'name: A\ntarget: {}\n' });
    mkdirSync(join(directory, 'empty'));
    mkdirSync(join(directory, 'bare/sources'));
    const [problem, ...more] = problems(join(directory, folder));
    expect(`${problem}`.replaceAll(directory, '')).toContain(told);
    expect(more).toEqual([]);
  });

  test('the folder that is named instead holds sources in YAML, up to two levels below: no code, no pages, no packages', () => {
    write({
      'infra/config/sources/rs.yaml': right['sources/rs.yaml'],
      'infra/cli/sources/table.ts': 'export {}',
      'docs/sources/rudderstack.md': '# RudderStack',
      'node_modules/a/sources/a.yaml': 'kind: http',
      '.old/sources/a.yaml': 'kind: http',
    });
    for (const folder of ['.', 'infra'])
      expect(problems(join(directory, folder)).map((text) => text.replaceAll(directory, ''))).toEqual([
        expect.stringMatching(/did you mean \/?infra\/config\?$/),
      ]);
  });

  test.each<[what: string, file: string, told: string]>([
    [
      'an ending in capitals',
      'sources/b.YAML',
      'sources/b.YAML error: is not read; the name has to end in .yaml: b.yaml',
    ],
    ['a folder within', 'sources/eu/b.yaml', 'sources/eu error: is not read: files lie in sources/ itself'],
    ['a folder that is misspelt', 'sorces/b.yaml', 'sorces error: is not read; did you mean sources?'],
    ['a file beside the folders', 'b.yaml', 'b.yaml error: is not read; files lie in sources/, workflows/'],
    ['another ending', 'sources/b.json', 'sources/b.json warning: is not read; is it meant to be b.yaml?'],
    ['a second file of one key', 'sources/rs.yml', 'sources/rs.yml error: has the key of rs.yaml; keep one of the two'],
    ['a file where a folder belongs', 'workflows', 'workflows error: is a file; it has to be a folder'],
  ])('what would be passed over in silence is told: %s', (_what, file, told) => {
    write({ ...right, [file]: 'kind: rudderstack\nname: B\n' });
    expect(problems()).toEqual([expect.stringContaining(told)]);
  });

  test('a folder with the name of a file, and a link that leads nowhere', () => {
    write(right);
    mkdirSync(join(directory, 'sources/x.yaml'));
    symlinkSync('nowhere', join(directory, 'sources/y.yaml'));
    expect(problems()).toEqual([
      'sources/x.yaml error: is a folder, and has to be a file; rename or remove it',
      'sources/y.yaml error: is a link to a file that is not there',
    ]);
  });

  test('what editors leave beside a file is no part of the configuration', () => {
    write({
      ...right,
      'sources/.rs.yaml.swp': 'x',
      'sources/rs.yaml~': 'x',
      'sources/#rs.yaml#': 'x',
      'README.md': '#',
    });
    symlinkSync('ana@laptop.1234', join(directory, 'sources/.#rs.yaml'));
    expect(problems()).toEqual([]);
  });
});

describe('YAML that would be read otherwise than it is written is an error with its place', () => {
  test.each<[what: string, text: string | Uint8Array, told: string]>([
    [
      'an integer beyond 2^53',
      valued('820982911946154508'),
      ':7:47 error: mappings[0].parameters.name.value 820982911946154508 is more than a number holds exactly (2^53), and would be 820982911946154500; write it as text: "820982911946154508"',
    ],
    [
      'the same in hexadecimal',
      valued('0x20000000000001'),
      ':7:47 error: mappings[0].parameters.name.value 0x20000000000001 is more than a number holds exactly',
    ],
    [
      'the same in a condition',
      `${valued('1')}    when: [{ path: data.x, in: [1, -9007199254740993] }]\n`,
      ':8:36 error: mappings[0].when[0].in[1] -9007199254740993 is more than a number holds exactly',
    ],
    [
      'the same as a name',
      valued('{ 9007199254740993: x }'),
      ':7:49 error: mappings[0].parameters.name.value has the name 9007199254740993, which is not text; write it in quotes',
    ],
    [
      'an exponent beyond every number',
      valued('1e400'),
      ':7:47 error: mappings[0].parameters.name.value 1e400 is a number that no event can hold',
    ],
    ['infinity', valued('.inf'), '.inf is a number that no event can hold'],
    [
      'more digits than a number holds',
      valued('0.12345678901234567890'),
      'has more digits than a number holds, and would be rounded to 0.12345678901234568',
    ],
    [
      'an alias without its anchor',
      'kind: http\nname: A\nmappings: *nope\n',
      ':3:11 error: mappings *nope has no anchor before it',
    ],
    [
      'an alias on one line, misspelt',
      valued('{ a: &total 5, b: *totl }'),
      'parameters.name.value.b *totl has no anchor before it; did you mean *total?',
    ],
    [
      'an alias inside of its anchor',
      valued('&a { b: *a }'),
      'parameters.name.value.b *a stands inside of what it repeats',
    ],
    [
      'an alias for a name',
      'kind: &k http\nname: A\n*k : x\n',
      ':3:1 error: has a name that is an alias; write the name out',
    ],
    ['a name twice', valued('{ 1: a, "1": b }'), 'has the name "1" twice'],
    ['a list for a name', 'kind: http\nname: A\n? [a]\n: b\n', ':3:3 error: has a name that is not text'],
    ['a name that no object can have', valued('{ __proto__: x }'), 'has the name "__proto__", which cannot be used'],
    ['a tag', valued('!!binary aGVsbG8='), ':7:47 error: is not YAML: Unresolved tag'],
    ['YAML 1.1', '%YAML 1.1\n---\nkind: http\nname: no\n', ':1:1 error: is of YAML 1.1'],
    ['two documents', 'kind: http\n---\nname: A\n', 'error: is not YAML: Source contains multiple documents'],
    ['half a character', valued('"\\ud800"'), 'has half a character in it'],
    ['a NUL byte', 'kind: http\nname: A\u0000B\n', ':2:8 error: has the control character U+0000'],
    [
      'Latin-1',
      Buffer.from('kind: http\nname: Café\n', 'latin1'),
      ':2:10 error: has a byte (0xe9) that is not UTF-8; save the file as UTF-8',
    ],
    [
      'a character cut in two',
      Buffer.from('kind: http\nname: é').subarray(0, -1),
      ':2:7 error: has a byte (0xc3) that is not UTF-8',
    ],
    ['UTF-16', Buffer.from('\ufeffkind: http\n', 'utf16le'), ':1:1 error: is UTF-16; save it as UTF-8'],
    ['nesting without end', `kind: ${'['.repeat(20_000)}`, 'error: is nested more than 64 deep'],
    ['nesting that ends', valued(`${'['.repeat(80)}${']'.repeat(80)}`), 'is nested more than 64 deep'],
    [
      'fallbacks in fallbacks',
      valued('1').replace('{ value: 1 }', `${'{ first: ['.repeat(30)}5${'] }'.repeat(30)}`),
      'has fallbacks nested more than 6 deep',
    ],
  ])('%s', (_what, text, told) => {
    write({ ...right, 'sources/odd.yaml': text });
    const found = problems();
    expect(found).toEqual(expect.arrayContaining([expect.stringContaining(told)]));
    expect(found).toEqual(found.map(() => expect.stringMatching(/^sources\/odd\.yaml:\d+:\d+ error: /)));
  });

  test.each([
    ['the largest number', '9007199254740991'],
    ['a long number as text', '"820982911946154508"'],
    ['fractions, however they are written', '[1.50, 15e-1, +0.10, -0.0, 0x10, 1e3, .5, 5.]'],
    ['an anchor and its alias', '[&a { b: 1 }, *a]'],
    ['a byte order mark', '1'],
  ])('%s is none', (what, value) => {
    write({ ...right, 'sources/odd.yaml': `${what === 'a byte order mark' ? '\ufeff' : ''}${valued(value)}` });
    expect(problems()).toEqual([]);
  });

  test('aliases that stand for more than memory holds are told within the time of any other file', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(10)}]`);
    write({ ...right, 'sources/odd.yaml': `kind: http\nname: A\nl0: &l0 [x]\n${levels.join('\n')}\n` });
    const startedMs = performance.now();
    expect(problems()[0]).toMatch(/odd\.yaml:\d+:\d+ error: l\d+\[\d+\] \*l\d+ repeats so much that the aliases/);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});

describe('keys that objects have of themselves', () => {
  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('%s cannot be one', (key) => {
    write({ ...right, [`sources/${key}.yaml`]: 'kind: http\nname: C\n' });
    expect(problems()).toEqual([expect.stringContaining(`"${key}" cannot be a key`)]);
  });

  test.each([
    'kind: constructor\nname: A\n',
    'kind: http\nname: A\nmappings: [{ id: a, event: x, action: constructor }]\n',
    'kind: http\nname: A\nmappings: [{ id: a, event: x, action: users_identify, parameters: { id: user_id, constructor: data.x } }]\n',
    'constructor: 1\nkind: http\nname: A\n',
  ])('name no kind, action, parameter or field: %j', (text) => {
    write({ ...right, 'sources/odd.yaml': text });
    expect(problems()).toEqual([expect.stringMatching(/odd\.yaml:\d+:\d+ error: .*constructor/)]);
  });
});

describe('what the signature of a source does not cover', () => {
  const signed = (rest: string) =>
    `kind: http\nname: S\nheaders: [x-id]\nverification: { kind: hmac, header: x-signature }\n${rest}`;

  test.each<[what: string, rest: string, place: string]>([
    ['the idempotency key', 'idempotency_key_path: headers.x-id\n', ':5:23 warning: idempotency_key_path'],
    ['the event type', 'event_type_path: headers.x-id\n', ':5:18 warning: event_type_path'],
    [
      'a parameter',
      'mappings: [{ id: a, event: x, action: users_identify, parameters: { id: headers.x-id } }]\n',
      'warning: mappings[0].parameters.id',
    ],
  ])('is told where it decides: %s', (_what, rest, place) => {
    write({ ...right, 'sources/odd.yaml': signed(rest) });
    expect(problems()).toEqual([expect.stringContaining(place)]);
    expect(problems()[0]).toContain('"headers.x-id" is not covered by the signature');
  });

  test("is told of an environment's own key path too", () => {
    write({
      ...right,
      'sources/odd.yaml': signed(''),
      'environments/development.yaml': 'sources: { odd: { idempotency: { path: headers.x-id } } }\n',
    });
    expect(problems()).toEqual([
      expect.stringMatching(/development\.yaml:1:\d+ warning: sources\.odd\.idempotency\.path/),
    ]);
  });

  test.each([
    ['a field of the body', signed('idempotency_key_path: body.id\n')],
    [
      'a source that checks a secret alone',
      signed('idempotency_key_path: headers.x-id\n').replace('{ kind: hmac, header: x-signature }', '{ kind: bearer }'),
    ],
    [
      'a header that is signed',
      signed('idempotency_key_path: headers.x-id\n').replace(
        'header: x-signature',
        'header: x-signature, content: "{id}.{body}", id_header: x-id',
      ),
    ],
  ])('is not said of %s', (_what, text) => {
    write({ ...right, 'sources/odd.yaml': text });
    expect(problems()).toEqual([]);
  });
});
