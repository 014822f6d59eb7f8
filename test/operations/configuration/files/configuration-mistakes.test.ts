import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  problemText,
  readConfigurationFiles,
} from '../../../../shared/operations/configuration/files/configuration-files.ts';
import { didYouMean, nearestName } from '../../../../shared/operations/words/did-you-mean.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-mistakes-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A folder without a mistake, for one file to be put in the place of. */
const right: Record<string, string> = {
  'sources/rs.yaml':
    'kind: rudderstack\nname: S\nmappings:\n  - { id: order, event: identify, action: users_delete, parameters: { id: user_id } }\n',
  'workflows/order.yaml': 'name: O\ntarget: { development: { type: log } }\n',
  'audiences/beta.yaml': 'name: B\n',
  'environments/development.yaml': '',
};

/** Problems without the name of the folder, which changes with every run. */
function problems(files: Record<string, string>): string[] {
  for (const [path, text] of Object.entries({ ...right, ...files })) {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return readConfigurationFiles(directory).problems.map((problem) =>
    problemText(problem).replace(/^\S*?(sources|workflows|audiences|environments)\//, '$1/'),
  );
}

const head = 'kind: rudderstack\nname: Shop\nmappings:\n';
const identify = (rest: string) => `${head}  - id: a\n    event: identify\n    action: users_identify\n${rest}`;
const parameters = (params: string) => identify(`    parameters:\n      id: user_id\n${params}`);
const trigger = (params: string) =>
  `${head}  - id: a\n    event: identify\n    action: workflows_trigger\n    parameters:\n${params}`;

const http = (rest: string) =>
  `name: O\ntarget:\n  development:\n    type: http\n    url: https://example.org/x\n    ${rest}\n`;

const triggers = (...each: string[]) =>
  `name: O\ntarget: { development: { type: log } }\ntriggers:\n${each.map((one) => `  - ${one}\n`).join('')}`;

test('there is none to begin with', () => {
  expect(problems({})).toEqual([]);
});

describe('a mistake is told once, with its place, what stands there, what would be right, and the nearest name', () => {
  test.each<[what: string, file: string, text: string, told: string[]]>([
    [
      'a source that is called as the API is',
      'sources/api.yaml',
      'kind: rudderstack\nname: Shop\n',
      [
        'sources/api.yaml:1:7 error: kind is in a file called "api", the source of calls of the REST API; give the file another name',
      ],
    ],
    [
      'a number where text belongs',
      'sources/rs.yaml',
      'kind: 5\nname: Shop\n',
      ['sources/rs.yaml:1:7 error: kind 5 must be text, not a number'],
    ],
    [
      'an empty name',
      'sources/rs.yaml',
      'kind: rudderstack\nname: ""\n',
      ['sources/rs.yaml:2:7 error: name "" must be text that is not empty'],
    ],
    [
      'a name that is missing',
      'sources/rs.yaml',
      'kind: rudderstack\n',
      ['sources/rs.yaml:1:1 error: name is missing; it must be text'],
    ],
    [
      'a field with two letters swapped, and not also a missing one',
      'sources/rs.yaml',
      'kind: rudderstack\nnmae: Shop\n',
      ['sources/rs.yaml:2:1 error: nmae is not a field here; did you mean "name"?'],
    ],
    [
      'a list where the file is a map',
      'sources/rs.yaml',
      '- a\n- b\n',
      ['sources/rs.yaml:1:1 error: must be a map, not a list'],
    ],
    [
      'a map where a list belongs',
      'sources/rs.yaml',
      'kind: rudderstack\nname: S\nmappings:\n  a: {}\n',
      ['sources/rs.yaml:4:3 error: mappings must be a list, not a map'],
    ],
    [
      'a field that is like no other: those that there are',
      'sources/rs.yaml',
      'kind: rudderstack\nname: S\nurl: x\n',
      [
        'sources/rs.yaml:3:1 error: url is not a field here; there is kind, name, description, event_type_path, idempotency_key_path, user_id_path, timestamp_path, verification, preprocess, redact, headers, destination, expect, mappings',
      ],
    ],
    [
      'an id with a space',
      'sources/rs.yaml',
      `${head}  - { id: "My Mapping", event: identify, action: users_delete, parameters: { id: user_id } }\n`,
      [
        'sources/rs.yaml:4:11 error: mappings[0].id "My Mapping" must be 1-255 lower-case letters, digits, "-" or "_", starting with a letter or digit',
      ],
    ],
    [
      'a field of a mapping that lacks a letter',
      'sources/rs.yaml',
      `${head}  - { id: a, evnt: identify, action: users_delete, parameters: { id: user_id } }\n`,
      ['sources/rs.yaml:4:14 error: mappings[0].evnt is not a field here; did you mean "event"?'],
    ],
    [
      'an event that is missing',
      'sources/rs.yaml',
      `${head}  - { id: a, action: users_delete, parameters: { id: user_id } }\n`,
      ['sources/rs.yaml:4:5 error: mappings[0].event is missing; it must be text'],
    ],
    [
      'a number that should be a literal',
      'sources/rs.yaml',
      parameters('      name: 5\n'),
      [
        'sources/rs.yaml:9:13 error: mappings[0].parameters.name 5 is not a path; write a path such as data.total, or { value: 5 }',
      ],
    ],
    [
      'a boolean that should be a literal',
      'sources/rs.yaml',
      parameters('      name: true\n'),
      [
        'sources/rs.yaml:9:13 error: mappings[0].parameters.name true is not a path; write a path such as data.total, or { value: true }',
      ],
    ],
    [
      'a parameter without a value',
      'sources/rs.yaml',
      parameters('      name:\n'),
      [
        'sources/rs.yaml:9:12 error: mappings[0].parameters.name is empty; write a path such as data.total, or { value: null }',
      ],
    ],
    [
      'text where a path belongs',
      'sources/rs.yaml',
      parameters('      name: Ana Lopez\n'),
      [
        'sources/rs.yaml:9:13 error: mappings[0].parameters.name "Ana Lopez" is not a path; write { value: ... } for a literal or { template: ... } for text with paths in it; a field of that name is body["Ana Lopez"]',
      ],
    ],
    [
      'a field whose name has a space',
      'sources/rs.yaml',
      parameters('      name: data.Full Name\n'),
      [
        'sources/rs.yaml:9:13 error: mappings[0].parameters.name "data.Full Name" is not a path; quote the name, as in data["Full Name"], or write { value: ... } for a literal. What no path can say is for preprocess.jsonata',
      ],
    ],
    [
      'a literal that a number does not hold exactly',
      'sources/rs.yaml',
      parameters('      name: { value: 820982911946154508 }\n'),
      [
        'sources/rs.yaml:9:22 error: mappings[0].parameters.name.value 820982911946154508 is more than a number holds exactly (2^53), and would be 820982911946154500; write it as text: "820982911946154508"',
      ],
    ],
    [
      'one deep in a literal',
      'sources/rs.yaml',
      parameters('      properties: { value: { a: [1, -9007199254740993] } }\n'),
      [
        'sources/rs.yaml:9:37 error: mappings[0].parameters.properties.value.a[1] -9007199254740993 is more than a number holds exactly (2^53), and would be -9007199254740992; write it as text: "-9007199254740993"',
      ],
    ],
    [
      'one in a condition',
      'sources/rs.yaml',
      identify('    parameters: { id: user_id }\n    when:\n      - { path: data.id, is: 820982911946154508 }\n'),
      [
        'sources/rs.yaml:9:30 error: mappings[0].when[0].is 820982911946154508 is more than a number holds exactly (2^53), and would be 820982911946154500; write it as text: "820982911946154508"',
      ],
    ],
    [
      'one to compare with',
      'sources/rs.yaml',
      identify('    parameters: { id: user_id }\n    when:\n      - { path: data.id, gte: 1e21 }\n'),
      [
        'sources/rs.yaml:9:31 error: mappings[0].when[0].gte 1e21 is more than a number holds exactly (2^53), and would be 1e+21; write it as text: "1e21"',
      ],
    ],
    [
      'one in a data_schema',
      'workflows/order.yaml',
      'name: O\ntarget: { development: { type: log } }\ndata_schema: { properties: { id: { const: 820982911946154508 } } }\n',
      [
        'workflows/order.yaml:3:43 error: data_schema.properties.id.const 820982911946154508 is more than a number holds exactly (2^53), and would be 820982911946154500; write it as text: "820982911946154508"',
      ],
    ],
    [
      'a header with a line break',
      'workflows/order.yaml',
      http('headers: { X-Team: "a\\nb" }'),
      [
        'workflows/order.yaml:6:24 error: target.development.headers.X-Team has a line break, which no request can carry in a header',
      ],
    ],
    [
      'a header with a control character',
      'workflows/order.yaml',
      http('headers: { X-Team: "a\\0" }'),
      [
        'workflows/order.yaml:6:24 error: target.development.headers.X-Team has a control character, which no request can carry in a header',
      ],
    ],
    [
      'a header beyond Latin-1',
      'workflows/order.yaml',
      http('headers: { X-Team: "日本" }'),
      [
        'workflows/order.yaml:6:24 error: target.development.headers.X-Team has a character beyond Latin-1, which no request can carry in a header; encode it',
      ],
    ],
    [
      'a header with a space at its end',
      'workflows/order.yaml',
      http('headers: { X-Team: "a " }'),
      [
        'workflows/order.yaml:6:24 error: target.development.headers.X-Team begins or ends with a space, which no receiver gets to see',
      ],
    ],
    [
      'a header of the connection',
      'workflows/order.yaml',
      http('headers: { Transfer-Encoding: chunked }'),
      [
        'workflows/order.yaml:6:35 error: target.development.headers.Transfer-Encoding is for the connection, which sets it itself; leave it out',
      ],
    ],
    [
      'a header that follows from the body',
      'workflows/order.yaml',
      http('headers: { content-length: "5" }'),
      [
        'workflows/order.yaml:6:32 error: target.development.headers.content-length is for the connection, which sets it itself; leave it out',
      ],
    ],
    [
      'a header that follows from the URL',
      'workflows/order.yaml',
      http('headers: { HOST: example.org }'),
      [
        'workflows/order.yaml:6:22 error: target.development.headers.HOST is for the connection, which sets it itself; leave it out',
      ],
    ],
    [
      'a header of the signature',
      'workflows/order.yaml',
      http('headers: { Webhook-Id: x }'),
      [
        'workflows/order.yaml:6:28 error: target.development.headers.Webhook-Id is set by the signature of each request; leave it out',
      ],
    ],
    [
      'another type of content',
      'workflows/order.yaml',
      http('headers: { Content-Type: text/plain }'),
      [
        'workflows/order.yaml:6:30 error: target.development.headers.Content-Type is always application/json; leave it out',
      ],
    ],
    [
      'a name of a header with a space',
      'workflows/order.yaml',
      http('headers: { "X Team": a }'),
      [
        'workflows/order.yaml:6:26 error: target.development.headers.X Team cannot be the name of a header; write letters, digits and hyphens, as in x-team',
      ],
    ],
    [
      'one header twice',
      'workflows/order.yaml',
      http('headers: { X-Team: a, x-team: b }'),
      [
        'workflows/order.yaml:6:35 error: target.development.headers.x-team is the header X-Team again; names of headers have no case',
      ],
    ],
    [
      'a URL with a password',
      'workflows/order.yaml',
      http('').replace('example.org', 'u:p@example.org'),
      [
        'workflows/order.yaml:5:10 error: target.development.url must not hold a user or a password: the file is in git, and no request would send them. Requests are signed',
      ],
    ],
    [
      'a path to a header that no event keeps',
      'sources/rs.yaml',
      'kind: rudderstack\nname: S\nuser_id_path: headers.Authorization\n',
      [
        'sources/rs.yaml:3:15 error: user_id_path "headers.Authorization" leads nowhere: authorization is a credential, which no event keeps',
      ],
    ],
    [
      'a template of one',
      'sources/rs.yaml',
      parameters('      name: { template: "x-{{headers.cookie}}" }\n'),
      [
        'sources/rs.yaml:9:13 error: mappings[0].parameters.name "headers.cookie" leads nowhere: cookie is a credential, which no event keeps',
      ],
    ],
    [
      'a path to a header with a name that none has',
      'sources/rs.yaml',
      identify('    parameters: { id: user_id }\n    when:\n      - { path: \'headers["x y"]\', is: a }\n'),
      [
        'sources/rs.yaml:9:17 error: mappings[0].when[0].path "headers["x y"]" leads nowhere: no request has a header "x y"',
      ],
    ],
    [
      'a name of a header to keep that none has',
      'sources/rs.yaml',
      'kind: rudderstack\nname: S\nheaders: ["x y"]\n',
      ['sources/rs.yaml:3:11 error: headers[0] "x y" cannot be the name of a header; write one such as x-shop'],
    ],
    [
      'a trigger on a source that is not there',
      'workflows/order.yaml',
      triggers('{ source: shop, event: a }'),
      ['workflows/order.yaml:4:15 error: triggers[0].source "shop" is not a source; there is rs'],
    ],
    [
      'a trigger on one that is misspelt',
      'workflows/order.yaml',
      triggers('{ source: r, event: a }'),
      ['workflows/order.yaml:4:15 error: triggers[0].source "r" is not a source; did you mean "rs"?'],
    ],
    [
      'a trigger without an event',
      'workflows/order.yaml',
      triggers('{ source: rs }'),
      ['workflows/order.yaml:4:5 error: triggers[0].event is missing; it must be text'],
    ],
    [
      "a trigger with the workflow's key",
      'workflows/order.yaml',
      triggers('{ source: rs, event: identify, key: order }'),
      ['workflows/order.yaml:4:36 error: triggers[0].key is not a field here; did you mean "cancellation_key"?'],
    ],
    [
      'two triggers that come to one id',
      'workflows/order.yaml',
      triggers('{ source: rs, event: track/A }', '{ source: rs, event: track/a }'),
      [
        'workflows/order.yaml:5:26 error: triggers[1].event makes the id "trigger-order-track-a", which another mapping of rs has; give this trigger an id of its own',
      ],
    ],
    [
      'a trigger with the id of a mapping',
      'workflows/order.yaml',
      triggers('{ source: rs, event: identify, id: order }'),
      [
        'workflows/order.yaml:4:40 error: triggers[0].id "order" is the id of another mapping of rs; effects are keyed by it, so it must be unique',
      ],
    ],
    [
      'a trigger on an event that never comes',
      'workflows/order.yaml',
      triggers('{ source: rs, event: identfy }'),
      [
        'workflows/order.yaml:4:26 warning: triggers[0].event "identfy" never matches: a track event has the type track/identfy; did you mean "identify"?',
      ],
    ],
    [
      'a trigger with a path that cannot be one',
      'workflows/order.yaml',
      triggers('{ source: rs, event: identify, recipients: data..x }'),
      [
        'workflows/order.yaml:4:48 error: triggers[0].recipients "data..x" has an empty segment; write a.b, without leading, trailing or double dots',
      ],
    ],
    [
      'a trigger with a template of a bad path',
      'workflows/order.yaml',
      triggers('{ source: rs, event: identify, data: { a: { template: "{{}}" } } }'),
      ['workflows/order.yaml:4:59 error: triggers[0].data.a.template "{{}}" has {{}} with no path in it'],
    ],
    [
      'a trigger that reads a header which no event keeps',
      'workflows/order.yaml',
      triggers('{ source: rs, event: identify, when: [{ path: headers.cookie, exists: true }] }'),
      [
        'workflows/order.yaml:4:51 error: triggers[0].when[0].path "headers.cookie" leads nowhere: cookie is a credential, which no event keeps',
      ],
    ],
    [
      'an entry of a list counted from its end',
      'sources/rs.yaml',
      parameters('      name: data.items[-1].name\n'),
      [
        'sources/rs.yaml:9:13 error: mappings[0].parameters.name "data.items[-1].name" counts from the end of a list; entries are numbered from 0, data.items[0], and preprocess.jsonata reaches the last',
      ],
    ],
    [
      'a path with a double dot',
      'sources/rs.yaml',
      parameters('      name: data..x\n'),
      [
        'sources/rs.yaml:9:13 error: mappings[0].parameters.name "data..x" has an empty segment; write a.b, without leading, trailing or double dots',
      ],
    ],
    [
      'a path into a prototype',
      'sources/rs.yaml',
      parameters('      name: data.__proto__.x\n'),
      [
        'sources/rs.yaml:9:13 error: mappings[0].parameters.name "data.__proto__.x" walks into "__proto__", which is not a field of any event',
      ],
    ],
    [
      'fallbacks without any',
      'sources/rs.yaml',
      parameters('      name: { first: [] }\n'),
      ['sources/rs.yaml:9:22 error: mappings[0].parameters.name.first must have at least 1 item'],
    ],
    [
      'fallbacks that are no list',
      'sources/rs.yaml',
      parameters('      name: { first: data.x }\n'),
      [
        'sources/rs.yaml:9:13 error: mappings[0].parameters.name takes a literal in { value }, a list of values in { first: [...] }, text in { template }',
      ],
    ],
    [
      'a template that is a number',
      'sources/rs.yaml',
      parameters('      name: { template: 5 }\n'),
      ['sources/rs.yaml:9:25 error: mappings[0].parameters.name.template 5 must be text, not a number'],
    ],
    [
      'a template with a path that cannot be one',
      'sources/rs.yaml',
      parameters('      name: { template: "x-{{data..y}}" }\n'),
      [
        'sources/rs.yaml:9:25 error: mappings[0].parameters.name.template has a path in it that cannot be one: "data..y" has an empty segment; write a.b, without leading, trailing or double dots',
      ],
    ],
    [
      'a template that is not closed',
      'sources/rs.yaml',
      parameters('      name: { template: "x-{{data.y" }\n'),
      [
        'sources/rs.yaml:9:25 error: mappings[0].parameters.name.template "x-{{data.y" has braces that do not match up; write {{path}}',
      ],
    ],
    [
      'a template without a path, deep in a parameter',
      'sources/rs.yaml',
      parameters('      properties: { a: [{ template: "x-{{}}" }] }\n'),
      [
        'sources/rs.yaml:9:37 error: mappings[0].parameters.properties.a[0].template "x-{{}}" has {{}} with no path in it',
      ],
    ],
    [
      'an operator with something beside it',
      'sources/rs.yaml',
      parameters('      name: { value: 5, or: data.x }\n'),
      [
        'sources/rs.yaml:9:25 error: mappings[0].parameters.name.or cannot stand beside value, which stands alone; fallbacks are written { first: [a, b] }',
      ],
    ],
    [
      'a number in a map',
      'sources/rs.yaml',
      parameters('      properties: { plan: 5 }\n'),
      [
        'sources/rs.yaml:9:27 error: mappings[0].parameters.properties.plan 5 is not a path; write a path such as data.total, or { value: 5 }',
      ],
    ],
    [
      'a number in a list',
      'sources/rs.yaml',
      parameters('      properties: [data.x, 7]\n'),
      [
        'sources/rs.yaml:9:28 error: mappings[0].parameters.properties[1] 7 is not a path; write a path such as data.total, or { value: 7 }',
      ],
    ],
    [
      'a parameter that is half of another',
      'sources/rs.yaml',
      parameters('      mail: data.email\n'),
      [
        'sources/rs.yaml:9:7 error: mappings[0].parameters.mail is not a parameter of users_identify; did you mean "email"?',
      ],
    ],
    [
      'a parameter with two letters swapped',
      'sources/rs.yaml',
      parameters('      emial: data.email\n'),
      [
        'sources/rs.yaml:9:7 error: mappings[0].parameters.emial is not a parameter of users_identify; did you mean "email"?',
      ],
    ],
    [
      'an action that lacks a letter',
      'sources/rs.yaml',
      `${head}  - { id: a, event: identify, action: user_identify }\n`,
      [
        'sources/rs.yaml:4:39 error: mappings[0].action "user_identify" is not an action; did you mean "users_identify"?',
      ],
    ],
    [
      'a test that goes by another name elsewhere',
      'sources/rs.yaml',
      parameters('    when:\n      - { path: data.x, equals: 5 }\n'),
      ['sources/rs.yaml:10:25 error: mappings[0].when[0].equals is not a field here; did you mean "is"?'],
    ],
    [
      'a test that lacks a letter',
      'sources/rs.yaml',
      parameters('    when:\n      - { path: data.x, startswith: a }\n'),
      ['sources/rs.yaml:10:25 error: mappings[0].when[0].startswith is not a field here; did you mean "starts_with"?'],
    ],
    [
      'text where a number is compared with',
      'sources/rs.yaml',
      parameters('    when:\n      - { path: data.x, gt: "5" }\n'),
      ['sources/rs.yaml:10:29 error: mappings[0].when[0].gt "5" must be a number, not text'],
    ],
    [
      'a map where a scalar is compared with',
      'sources/rs.yaml',
      parameters('    when:\n      - { path: data.x, is: { a: 1 } }\n'),
      ['sources/rs.yaml:10:29 error: mappings[0].when[0].is must be text, a number, true or false or null, not a map'],
    ],
    [
      'a condition without a test',
      'sources/rs.yaml',
      parameters('    when:\n      - { path: data.x }\n'),
      [
        'sources/rs.yaml:10:9 error: mappings[0].when[0] names a path but no test; add one of is, is_not, in, not_in, exists, gt, gte, lt, lte, contains, starts_with',
      ],
    ],
    [
      'a condition with nothing to choose from',
      'sources/rs.yaml',
      parameters('    when:\n      - { path: data.x, in: [] }\n'),
      ['sources/rs.yaml:10:29 error: mappings[0].when[0].in must have at least 1 item'],
    ],
    [
      'a condition that is not a list',
      'sources/rs.yaml',
      parameters('    when: { path: data.x, is: 5 }\n'),
      ['sources/rs.yaml:9:11 error: mappings[0].when must be a list, not a map'],
    ],
    [
      'a workflow that lacks a letter',
      'sources/rs.yaml',
      trigger('      key: ordr\n'),
      ['sources/rs.yaml:8:12 error: mappings[0].parameters.key "ordr" is not a workflow; did you mean "order"?'],
    ],
    [
      'a workflow that is not there, written as a literal',
      'sources/rs.yaml',
      trigger('      key: { value: ordr }\n'),
      [
        'sources/rs.yaml:8:12 warning: mappings[0].parameters.key "ordr" is not a workflow: it ends as workflow_missing; did you mean "order"?',
      ],
    ],
    [
      'a required parameter that is missing',
      'sources/rs.yaml',
      `${head}  - { id: a, event: identify, action: users_delete }\n`,
      [
        'sources/rs.yaml:4:5 error: mappings[0].parameters lacks id, which users_delete requires: without it every event of this type is skipped',
      ],
    ],
    [
      'an event type with two letters swapped',
      'sources/rs.yaml',
      `${head}  - { id: a, event: idnetify, action: users_delete, parameters: { id: user_id } }\n`,
      [
        'sources/rs.yaml:4:21 warning: mappings[0].event "idnetify" never matches: a track event has the type track/idnetify; did you mean "identify"?',
      ],
    ],
    [
      'a quote that is not closed',
      'sources/rs.yaml',
      'kind: rudderstack\nname: "Shop\n',
      ['sources/rs.yaml:3:1 error: is not YAML: Missing closing "quote'],
    ],
    [
      'a field that is there twice',
      'sources/rs.yaml',
      'kind: rudderstack\nname: A\nname: B\n',
      ['sources/rs.yaml:3:1 error: has the name "name" twice'],
    ],
    [
      'a type of target that lacks a letter',
      'workflows/order.yaml',
      'name: O\ntarget:\n  development: { type: htp }\n',
      ['workflows/order.yaml:3:24 error: target.development.type "htp" is not a type; did you mean "http"?'],
    ],
    [
      'a target without a type',
      'workflows/order.yaml',
      'name: O\ntarget:\n  development: {}\n',
      [
        'workflows/order.yaml:3:16 error: target.development.type is missing; it must be one of log, http, step-functions, event-bridge, knock',
      ],
    ],
    [
      'a target that is text',
      'workflows/order.yaml',
      'name: O\ntarget:\n  development: log\n',
      ['workflows/order.yaml:3:16 error: target.development "log" must be a map, not text'],
    ],
    [
      'an environment that lacks a letter',
      'workflows/order.yaml',
      'name: O\ntarget:\n  developmnt: { type: log }\n',
      [
        'workflows/order.yaml:3:3 error: target.developmnt names environment "developmnt"; did you mean "development"?',
        'workflows/order.yaml:3:3 warning: target has no target for development: triggers there end as target_missing',
      ],
    ],
    [
      'a URL that is none, without showing it',
      'workflows/order.yaml',
      'name: O\ntarget:\n  development: { type: http, url: "ftp://user:secret@x" }\n',
      ['workflows/order.yaml:3:35 error: target.development.url must be a URL that starts with http:// or https://'],
    ],
    [
      'a header that is a number, without showing it',
      'workflows/order.yaml',
      'name: O\ntarget:\n  development: { type: http, url: "https://x.example", headers: { authorization: 12345 } }\n',
      ['workflows/order.yaml:3:82 error: target.development.headers.authorization must be text, not a number'],
    ],
    [
      'half of the name of a field',
      'workflows/order.yaml',
      'name: O\ntarget:\n  development: { type: http, url: "https://x.example", timeout: 5 }\n',
      [
        'workflows/order.yaml:3:56 error: target.development.timeout is not a field here; did you mean "timeout_seconds"?',
      ],
    ],
    [
      'a number that is too large',
      'workflows/order.yaml',
      'name: O\ntarget:\n  development: { type: http, url: "https://x.example", timeout_seconds: 50 }\n',
      ['workflows/order.yaml:3:73 error: target.development.timeout_seconds 50 must be at most 20'],
    ],
    [
      'an ARN that is none',
      'workflows/order.yaml',
      'name: O\ntarget:\n  development: { type: step-functions, state_machine_arn: my-machine }\n',
      [
        'workflows/order.yaml:3:59 error: target.development.state_machine_arn "my-machine" must be the ARN of a state machine: arn:aws:states:REGION:ACCOUNT:stateMachine:NAME',
      ],
    ],
    [
      'a delay in a unit that does not exist',
      'workflows/order.yaml',
      'name: O\ntarget: { development: { type: log } }\ndelay: 15x\n',
      ['workflows/order.yaml:3:8 error: delay "15x" must be seconds, or a number and s, m, h or d'],
    ],
    [
      'a delay that is too long',
      'workflows/order.yaml',
      'name: O\ntarget: { development: { type: log } }\ndelay: 9d\n',
      ['workflows/order.yaml:3:8 error: delay "9d" must be more than nothing and at most 7d'],
    ],
    [
      'a delay that is a list',
      'workflows/order.yaml',
      'name: O\ntarget: { development: { type: log } }\ndelay: [1]\n',
      ['workflows/order.yaml:3:8 error: delay must be a number or text, not a list'],
    ],
    [
      'an audience that is not there',
      'workflows/order.yaml',
      'name: O\ntarget: { development: { type: log } }\naudience: bata\n',
      [
        'workflows/order.yaml:3:11 warning: audience "bata" has no file, so no run starts unless an action makes it; did you mean "beta"?',
      ],
    ],
    [
      'a JSON Schema that is none',
      'workflows/order.yaml',
      'name: O\ntarget: { development: { type: log } }\ndata_schema: { type: objct }\n',
      [
        'workflows/order.yaml:3:14 error: data_schema is not a JSON Schema: schema is invalid: data/type must be equal to one of the allowed values, data/type must be array, data/type must match a schema in anyOf',
      ],
    ],
    [
      'a member in the file of an audience',
      'audiences/beta.yaml',
      'name: B\nmembers: []\n',
      ['audiences/beta.yaml:2:1 error: members is not a field here; there is name, description'],
    ],
    [
      'a source that can have no such key',
      'environments/development.yaml',
      'sources:\n  "A B": {}\n',
      [
        'environments/development.yaml:2:3 error: sources.A B cannot be a key; it must be 1-255 lower-case letters, digits, "-" or "_", starting with a letter or digit',
      ],
    ],
    [
      'a source with its letters swapped',
      'environments/development.yaml',
      'sources:\n  sr: {}\n',
      ['environments/development.yaml:2:3 error: sources.sr "sr" is not a source; did you mean "rs"?'],
    ],
    [
      'text where true or false belongs',
      'environments/development.yaml',
      'sources:\n  rs: { enabled: "yes" }\n',
      ['environments/development.yaml:2:18 error: sources.rs.enabled "yes" must be true or false, not text'],
    ],
    [
      'a fraction where a whole number belongs',
      'environments/development.yaml',
      'sources:\n  rs: { log_shards: 1.5 }\n',
      ['environments/development.yaml:2:21 error: sources.rs.log_shards 1.5 must be a whole number, not a fraction'],
    ],
    [
      'a window that is too long',
      'environments/development.yaml',
      'sources:\n  rs: { idempotency: { window_hours: 1000 } }\n',
      ['environments/development.yaml:2:38 error: sources.rs.idempotency.window_hours 1000 must be at most 168'],
    ],
    [
      'a window of no length',
      'environments/development.yaml',
      'sources:\n  rs: { idempotency: { window_hours: 0 } }\n',
      ['environments/development.yaml:2:38 error: sources.rs.idempotency.window_hours 0 must be more than 0'],
    ],
    [
      'a setting that lacks a letter',
      'environments/development.yaml',
      'sources:\n  rs: { verificaton: { enforced: true } }\n',
      [
        'environments/development.yaml:2:9 error: sources.rs.verificaton is not a field here; did you mean "verification"?',
      ],
    ],
    [
      'a mapping that is not there',
      'environments/development.yaml',
      'sources:\n  rs: { inactive_mappings: [ordr] }\n',
      [
        'environments/development.yaml:2:29 error: sources.rs.inactive_mappings[0] "ordr" is not a mapping of rs; did you mean "order"?',
      ],
    ],
    [
      'settings of a destination, for a kind that is none',
      'sources/rs.yaml',
      'kind: rudderstack\nname: R\ndestination: { deletes: true }\n',
      ['sources/rs.yaml:3:14 error: destination has no meaning here: senders of kind rudderstack call no methods'],
    ],
    [
      'a workflow that is not there',
      'environments/development.yaml',
      'inactive_workflows: [ordr]\n',
      [
        'environments/development.yaml:1:22 error: inactive_workflows[0] "ordr" is not a workflow; did you mean "order"?',
      ],
    ],
  ])('%s', (_what, file, text, told) => {
    expect(problems({ [file]: text })).toEqual(told);
  });

  test('a file with a mistake is there all the same: what names it is right', () => {
    const told = problems({
      'sources/rs.yaml': trigger('      key: order\n'),
      'workflows/order.yaml': 'name: 5\ntarget: { development: { type: log } }\n',
      'environments/development.yaml': 'sources: { rs: { inactive_mappings: [a] }, shop: { enabled: 1 } }\n',
      'sources/shop.yaml': 'kind: 5\nname: Shop\n',
    });
    expect(told).toEqual([
      'sources/shop.yaml:1:7 error: kind 5 must be text, not a number',
      'workflows/order.yaml:1:7 error: name 5 must be text, not a number',
      'environments/development.yaml:1:61 error: sources.shop.enabled 1 must be true or false, not a number',
    ]);
  });

  test('quoted text reaches the terminal only as text', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the very thing that must not be there
    const control = /[\u0000-\u001f\u007f-\u009f]/;
    const [told] = problems({ 'sources/rs.yaml': 'kind: rudderstack\nname: S\nevent_type_path: "a\\e[2J b"\n' });
    expect(told).toContain('event_type_path "a');
    expect(told).not.toMatch(control);
  });
});

describe('the nearest name', () => {
  const names = ['kind', 'name', 'event_type_path', 'phone_number'];
  test.each([
    ['nmae', 'name'],
    ['Kind', 'kind'],
    ['knd', 'kind'],
    ['eventTypePath', 'event_type_path'],
    ['phone', 'phone_number'],
    ['colour', undefined],
    ['', undefined],
  ])('to "%s" is %s', (given, nearest) => {
    expect(nearestName(given, names)).toBe(nearest);
  });

  test('is not made up where nothing is near: all of them are listed, or nothing is said', () => {
    expect(didYouMean('colour', ['kind', 'name'])).toBe('; there is kind, name');
    expect(didYouMean('colour', [])).toBe('');
  });
});
