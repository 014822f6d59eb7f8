import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  problemText,
  readConfigurationFiles,
} from '../../../../shared/operations/configuration/files/configuration-files.ts';
import { configFolder } from '../../../support/config.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-config-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

const source = (mapping: string, rest = '') => `kind: rudderstack
name: RudderStack
${rest}mappings:
${mapping}`;

const good = `  - id: order
    event: track/order_completed
    action: workflows_trigger
    parameters: { key: order, recipients: user_id }
`;
const workflow = 'name: Order\ntarget: { development: { type: log } }\n';

/** Problems without the name of the folder, which changes with every run. */
const problems = () =>
  readConfigurationFiles(directory).problems.map((problem) =>
    problemText(problem).replace(/^\S*?(sources|workflows|audiences|environments)\//, '$1/'),
  );

const identifies = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => `  - { id: id-${i}, event: identify, action: users_identify, parameters: { id: user_id } }\n`,
  ).join('');

describe('configuration files', () => {
  test('of audiences are pushed with the rest, and checked', () => {
    write({
      'sources/shop.yaml': source(`  - id: beta
    event: identify
    action: audiences_add_member
    parameters: { key: { value: bata }, members: user_id }
  - id: cohort
    event: track/cohort
    action: audiences_add_member
    parameters: { key: { value: made }, members: user_id, create_audience: { value: true } }
`),
      'audiences/beta.yaml': 'name: Beta testers\n',
      'audiences/odd.yaml': 'name: Odd\nmembers: []\n',
    });
    expect(readConfigurationFiles(directory).snapshot.audiences).toEqual({ beta: { name: 'Beta testers' } });
    expect(problems()).toEqual([
      'audiences/odd.yaml:2:1 error: members is not a field here; there is name, description',
      'sources/shop.yaml:7:24 warning: mappings[0].parameters.key "bata" has no file, so adding to it fails unless an action with create_audience made it; did you mean "beta"?',
    ]);
  });

  test('that are right have no problem, and are what is pushed', () => {
    write({
      'sources/rs.yaml': source(good),
      'workflows/order.yaml': workflow,
      'environments/development.yaml': 'sources: { rs: { identify: false } }',
    });
    const { problems: found, snapshot, environments } = readConfigurationFiles(directory);
    expect(found).toEqual([]);
    expect(snapshot.sources.rs?.mappings).toMatchObject([
      { id: 'order', parameters: { key: 'order', recipients: 'user_id' } },
    ]);
    expect(environments.development?.sources.rs).toMatchObject({
      identify: false,
      enabled: true,
      // What is absent is as the kind has it.
      idempotency: {},
    });
  });

  test('with as many mappings of one event type as an event may run have no problem', () => {
    write({ 'sources/rs.yaml': source(identifies(250)) });
    expect(problems()).toEqual([]);
  });

  test('the shipped ones have no problem', () => {
    expect(readConfigurationFiles(configFolder).problems).toEqual([]);
  });
});

describe('a mistake is told with file, line, column and what would be right', () => {
  const cases: [string, string, string][] = [
    ['broken YAML', 'kind: [rudderstack', 'sources/rs.yaml:1:'],
    [
      'an unknown kind',
      source(good).replace('kind: rudderstack', 'kind: ruderstack'),
      'sources/rs.yaml:1:7 error: kind "ruderstack" is not a kind of source; did you mean "rudderstack"?',
    ],
    ['a missing name', source(good).replace('name: RudderStack\n', ''), 'error: name '],
    ['a field that does not exist', source(good, 'evnt_path: x\n'), 'error: evnt_path is not a field here'],
    [
      'an unknown action',
      source(good.replace('workflows_trigger', 'workflow_trigger')),
      'sources/rs.yaml:6:13 error: mappings[0].action "workflow_trigger" is not an action; did you mean "workflows_trigger"?',
    ],
    [
      'an unknown parameter',
      source(good.replace('recipients:', 'recipient:')),
      'error: mappings[0].parameters.recipient is not a parameter of workflows_trigger; did you mean "recipients"?',
    ],
    [
      'a missing parameter',
      source('  - { id: a, event: identify, action: users_identify, parameters: { email: data.email } }\n'),
      'error: mappings[0].parameters lacks id, which users_identify requires',
    ],
    [
      'a path into a prototype',
      source(good.replace('user_id', 'data.__proto__.x')),
      'error: mappings[0].parameters.recipients "data.__proto__.x" walks into "__proto__"',
    ],
    ['a path with a double dot', source(good.replace('user_id', 'data..x')), 'has an empty segment'],
    [
      'a literal where a path is wanted',
      source(good.replace('user_id', '"Ana Lopez"')),
      'write { value: ... } for a literal',
    ],
    [
      'a workflow that does not exist',
      source(good.replace('key: order,', 'key: ordr,')),
      'sources/rs.yaml:7:24 error: mappings[0].parameters.key "ordr" is not a workflow; did you mean "order"?',
    ],
    [
      'more mappings of one event type than an event may run',
      source(identifies(251)),
      'sources/rs.yaml:4:3 error: mappings has 251 mappings for "identify", those of workflows\' triggers counted; one event runs at most 250 actions',
    ],
    ['the same id twice', source(good + good), 'error: mappings[1].id "order" is the id of an earlier mapping'],
    [
      'a condition without a test',
      source(good.replace('    parameters', '    when: [{ path: data.x }]\n    parameters')),
      'names a path but no test',
    ],
    [
      'a bare track',
      source(good.replace('track/order_completed', 'track')),
      'warning: mappings[0].event matches only track events without a name',
    ],
    [
      'a track without its prefix',
      source(good.replace('track/order_completed', 'order_completed')),
      'warning: mappings[0].event "order_completed" never matches: a track event has the type track/order_completed',
    ],
    [
      'a type in capitals',
      source(good.replace('track/order_completed', 'Identify')),
      'warning: mappings[0].event "Identify" never matches',
    ],
  ];
  test.each(cases)('%s', (_name, text, expected) => {
    write({ 'sources/rs.yaml': text, 'workflows/order.yaml': workflow, 'environments/development.yaml': '' });
    expect(problems().join('\n')).toContain(expected);
  });

  test.each([
    ['a source that does not exist', 'sources: { rd: {} }', '"rd" is not a source; did you mean "rs"?'],
    [
      'a mapping that does not exist',
      'sources: { rs: { inactive_mappings: [ordr] } }',
      '"ordr" is not a mapping of rs; did you mean "order"?',
    ],
    [
      'a workflow that does not exist',
      'inactive_workflows: [orders]',
      '"orders" is not a workflow; did you mean "order"?',
    ],
    [
      'a window of no length',
      'sources: { rs: { idempotency: { window_hours: 0 } } }',
      'sources.rs.idempotency.window_hours',
    ],
  ])('in an environment: %s', (_name, text, expected) => {
    write({ 'sources/rs.yaml': source(good), 'workflows/order.yaml': workflow, 'environments/development.yaml': text });
    expect(problems().join('\n')).toContain(expected);
  });

  test('in a workflow: a target for an environment that does not exist, none for one that does, and a URL that is none', () => {
    write({
      'sources/rs.yaml': source(good),
      'workflows/order.yaml': 'name: Order\ntarget: { developmnt: { type: log } }\n',
      'workflows/http.yaml': 'name: H\ntarget: { development: { type: http, url: "ftp://x" } }\n',
      'environments/development.yaml': '',
    });
    const text = problems().join('\n');
    expect(text).toContain('error: target.developmnt names environment "developmnt"; did you mean "development"?');
    expect(text).toContain('warning: target has no target for development');
    expect(text).toContain('error: target.development.url');
  });

  test('in a file name that can be no key', () => {
    write({
      'sources/Rudder Stack.yaml': source(good),
      'workflows/order.yaml': workflow,
      'environments/development.yaml': '',
    });
    expect(problems().join('\n')).toContain('"Rudder Stack" cannot be a key');
  });

  test('all mistakes of all files at once', () => {
    write({
      'sources/a.yaml': source(good.replace('workflows_trigger', 'x')),
      'sources/b.yaml': 'kind: y\n',
      'workflows/order.yaml': '{}',
    });
    expect(problems().filter((text) => text.includes(' error: ')).length).toBeGreaterThanOrEqual(4);
  });
});
