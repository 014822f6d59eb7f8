import {
  afterAnyFault,
  type DefaultMapping,
  type Sample,
  type SampleMaker,
  type SampleUser,
  type SourceGuide,
} from './guide.ts';

const cohortMapping = (
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
    parameters: {
      key: { template: 'amplitude-{{body.cohort_id}}' },
      members: 'preprocess.member_ids',
      ...rest,
    },
  },
});

export const guide: SourceGuide = {
  category: 'Webhook',
  about:
    'Sends events as they are ingested, changes of users, and the users who entered or left a cohort. All three can go to one source.',
  setup: [
    'For events and users: in Amplitude Data, open the catalog of destinations, choose Webhook under Event Streaming and create a sync.',
    'For cohorts: add the destination Webhook for cohorts, and sync a cohort to it.',
    'Webhook URL: {url}',
    'Add a header to the destination: `Authorization` with the value `Bearer SECRET`. `sources add` makes the secret and shows it once; `npx signalbox secrets set {key} --generate` makes another.',
    'Keep the default payload. A template of your own moves every field, and with it every path below.',
  ],
  secret: { from: 'generated', where: "the destination's headers, as `Authorization: Bearer SECRET`" },
  eventType: {
    rule: 'An event has the type that `event_type` says. A body that names a user or device and no event is `$identify`. A batch of a cohort is `cohort.entered` or `cohort.exited`.',
    examples: ['watch_tutorial', '$identify', 'cohort.entered', 'cohort.exited'],
  },
  key: '`uuid` of an event, `message_id` of a cohort; of a user update the user (or device), `event_time` and a digest of what it says',
  defaultMappings: [
    {
      about: 'Keeps the user current. A user known only by a device gets the id of the device.',
      mapping: {
        id: 'identify',
        event: '$identify',
        action: 'users_identify',
        parameters: {
          id: 'user_id',
          name: 'body.user_properties.name',
          email: 'body.user_properties.email',
          properties: 'body.user_properties',
        },
      },
    },
    cohortMapping(
      'cohort-entered',
      'cohort.entered',
      'audiences_add_member',
      'Adds the users who entered the cohort to its audience, and makes the audience when it does not exist.',
      { create_audience: { value: true } },
    ),
    cohortMapping(
      'cohort-exited',
      'cohort.exited',
      'audiences_remove_member',
      'Removes the users who left the cohort from its audience.',
    ),
  ],
  behaviour: {
    timeout: 'Amplitude waits 4 s for an answer, and 1 to 2 s with cohorts.',
    retries:
      'It sends again after any answer but 2xx (cohorts: but 200): 9 more times within 4 h, each with up to 3 quick tries after 429 and 5xx.',
    drops: 'It drops what still fails after that.',
    retryHours: 4,
    sendsAgainAfter: afterAnyFault,
  },
  pitfalls: [
    'An update about a device makes a user with the id of the device. It is never merged with the person who signs in later.',
    'Members of a cohort are in the audience even before they are identified; until then they count as missing. A workflow that starts for new members does not start for them later.',
    'A batch of a cohort is one event, however many members it has: they are added a thousand at a time. A trigger takes at most 1,000 recipients, so start workflows by the audience instead.',
    'An event without a `uuid` has no key, so every copy of it runs.',
    'The key of an audience is in lower case. A cohort whose id has other letters needs a mapping of its own.',
    'A user property of null empties what it names, fields as well as properties.',
  ],
  samples: {
    headers: { 'content-type': 'application/json', 'user-agent': 'Amplitude/Webhook/1.0' },
    identify: (user, make) => userUpdate(user, make),
    ofType(eventType, user, make) {
      if (eventType === '') return undefined;
      if (eventType === '$identify') return userUpdate(user, make);
      if (eventType === 'cohort.entered' || eventType === 'cohort.exited') return cohort(eventType, user, make);
      return happened(eventType, user, make);
    },
    mix: [
      { eventType: 'watch_tutorial', weight: 80 },
      { eventType: 'cohort.entered', weight: 10 },
      { eventType: '$identify', weight: 10 },
    ],
  },
};

/**
 * A moment of the last minute, to the nanosecond: with the user it is the key of a user update, so
 * keys differ.
 */
function momentOf(make: SampleMaker): string {
  const nanoseconds = String(make.int(0, 1_000_000)).padStart(6, '0');
  return new Date(make.nowMs - make.int(0, 60_000)).toISOString().replace('Z', `${nanoseconds}Z`);
}

function userUpdate(user: SampleUser, make: SampleMaker): Sample {
  const body = {
    user_id: user.id,
    device_id: make.uuid(),
    user_properties: { name: user.name, email: user.email, plan: 'pro' },
    event_time: momentOf(make),
  };
  return { eventType: '$identify', messageId: `${user.id}:${body.event_time}`, userId: user.id, body };
}

function happened(eventType: string, user: SampleUser, make: SampleMaker): Sample {
  const messageId = make.uuid();
  const body = {
    user_id: user.id,
    device_id: make.uuid(),
    uuid: messageId,
    event_type: eventType,
    event_time: momentOf(make).replace('T', ' ').replace('Z', ''),
    event_properties: { source: 'notification', load_time: make.int(100, 900) / 1000 },
    user_properties: { plan: 'pro' },
    groups: { company: ['Example Ltd'] },
  };
  return { eventType, messageId, userId: user.id, body };
}

function cohort(eventType: string, user: SampleUser, make: SampleMaker): Sample {
  const isEntered = eventType === 'cohort.entered';
  const messageId = `${make.uuid()}::${isEntered ? 'enter' : 'exit'}::0`;
  const body = {
    cohort_name: 'Ready to upgrade',
    cohort_id: 'k3xq81zz',
    in_cohort: isEntered,
    computed_time: String(Math.floor(make.nowMs / 1000)),
    message_id: messageId,
    users: [{ user_id: user.id }],
  };
  return { eventType, messageId, userId: user.id, body };
}
