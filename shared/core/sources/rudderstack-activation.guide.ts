import type { DefaultMapping, Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';
import { rowIdentifyMapping, sampleRow } from './parts/rows.guide.ts';

const memberMapping = (
  id: string,
  event: string,
  action: string,
  about: string,
  rest: Record<string, { value: unknown }> = {},
): DefaultMapping => ({
  about,
  mapping: {
    id,
    event,
    action,
    parameters: { key: 'body.audience', members: 'user_id', tenant: 'data.tenant', ...rest },
  },
});

/** https://github.com/rudderlabs/rudder-transformer, its destination custom_audience. */
const template = (type: string) =>
  `{
  "type": "${type}",
  "audience": $$.connection.audienceId,
  "records": [$$.records.{ "user_id": user_id, "email": email }]
}`;

export const guide: SourceGuide = {
  category: 'Reverse ETL',
  about:
    'Mirrors an audience or a query of your warehouse: records that are added, updated or removed, from a destination of type Custom Activation.',
  setup: [
    'In RudderStack, go to Collect, Destinations, New Destination, and choose Custom Activation. A source can be connected later.',
    'The address is {url}. Its beginning, up to the name of the host, is the base URL; the rest, from `/v1/sources`, is the path of each configuration below.',
    'Authentication: Bearer Token. `sources add` makes the secret and shows it once; `npx signalbox secrets set {key} --generate` makes another. For an API key in a header of its own, declare `verification: { kind: header, header: x-api-key }` in the file.',
    'Add record: method POST, that path, batch size 1000, and the first template below. Under its fields, name each field that the template reads; `user_id` is required.',
    'Update record: Use Add record configuration. To tell updates apart, make a configuration of its own with `"type": "record.updated"`.',
    'Remove record: method POST and that path as well, and the second template. Its fields must not be hashed, since a hash is another id.',
    'Use the preview, which sends nothing. Then connect a Reverse ETL source, or add a sync to an audience, and map the warehouse columns. The audience ID is the key of the audience here, such as `vip`.',
  ],
  templates: [
    { title: 'Add record', language: 'jsonata', text: template('record.added') },
    { title: 'Remove record', language: 'jsonata', text: template('record.removed') },
  ],
  secret: { from: 'generated', where: "the destination's authentication, as its Bearer Token" },
  eventType: {
    rule: 'A record has the type that the field `type` of your template says.',
    examples: ['record.added', 'record.updated', 'record.removed'],
  },
  key: 'none, because nothing tells two copies of a record from a record that left and came back',
  defaultMappings: [
    memberMapping(
      'record-added',
      'record.added',
      'audiences_add_member',
      'The user joins the audience, which is made where it is not there. Workflows that name it as their audience start for new members.',
      { create_audience: { value: true } },
    ),
    memberMapping(
      'record-removed',
      'record.removed',
      'audiences_remove_member',
      'The user leaves the audience. A record without a tenant leaves it only where it joined without one.',
    ),
    { ...rowIdentifyMapping('record.added', 'record-added-identify'), optional: true },
    { ...rowIdentifyMapping('record.updated', 'record-updated-identify'), optional: true },
  ],
  behaviour: {
    timeout: 'RudderStack does not say how long it waits for an answer.',
    retries: 'Which answers make it send again is not documented for this destination.',
    drops: 'What becomes of records that were not delivered is not documented either.',
    sendsAgainAfter: () => 'unknown',
  },
  pitfalls: [
    'The first run of a sync sends the whole audience. Later runs send only what changed.',
    'A request may hold 4 MB and 10,000 records here. RudderStack sends up to 5,000, so 1,000 with some columns are safe.',
    'A template takes JSONata without functions and conditions, except `$number()`. The list must be written as `[$$.records.{ … }]`; RudderStack refuses it otherwise.',
    'A column called `type` or `audience` takes the place of the value beside the list. Give it another name in the template.',
    'A column that is empty is left out of its record, and `""` counts as not there: neither changes what is stored.',
    'The user id is the field `user_id`, else `userId`, else `id`.',
    'An id without an identify becomes a member all the same, and gets no run until it is identified. Map users as well, or describe them: uncomment the identify mapping.',
  ],
  inDepth: { page: 'rudderstack.md', title: 'RudderStack in depth' },
  samples: {
    headers: { 'content-type': 'application/json' },
    ofType: (eventType, user, make) => (/^record\.\w+$/.test(eventType) ? sample(eventType, user, make) : undefined),
    mix: [
      { eventType: 'record.added', weight: 80 },
      { eventType: 'record.removed', weight: 20 },
    ],
  },
};

function sample(eventType: string, user: SampleUser, make: SampleMaker): Sample {
  const body = { type: eventType, audience: 'vip', records: [sampleRow(user, make)] };
  return { eventType, messageId: make.uuid(), userId: user.id, body };
}
