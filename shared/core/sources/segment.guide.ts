import type { SourceGuide } from './guide.ts';
import { cdpIdentifyMapping, cdpSamples } from './parts/cdp.guide.ts';
import { segmentBehaviour, segmentEnvelope, segmentHeaders } from './parts/segment.guide.ts';

export const guide: SourceGuide = {
  category: 'Customer data platform',
  about:
    'Sends what users of your site, app or servers do, one by one or in batches, from a destination Webhooks (Actions).',
  setup: [
    'In Segment, under Connections > Catalog, choose Webhooks (Actions), and connect it to the source whose events you want.',
    'Add a mapping with the action Send and a condition such as: type is Track or type is Identify.',
    'In the mapping, enter as URL: {url}',
    'Method: POST. Leave Data as it is: the whole event.',
    'Enable the mapping and the destination. Test Mapping sends an ordinary event.',
    "To have requests checked, choose a secret (any text), enter it as Shared Secret in the destination's settings, and set it here: `npx signalbox secrets set {key}`. From then on, a request without its signature is refused.",
    'Batch size: 0 or 1 where every event has to be signed. Segment signs only the first event of a batch.',
  ],
  secret: { from: 'chosen', where: "the destination's settings, as Shared Secret" },
  eventType: {
    rule: 'A track event has the type `track/` and its name as sent; any other event has its type in lower case.',
    examples: ['track/user-signed-up', 'identify', 'page'],
  },
  key: '`messageId`',
  defaultMappings: [
    cdpIdentifyMapping,
    {
      about:
        'Starts the workflow for the user who signed up. The recipient is described inline, because identify often arrives later. What the event does not say is left out.',
      mapping: {
        id: 'user-signup',
        event: 'track/user-signed-up',
        action: 'workflows_trigger',
        parameters: {
          key: 'user-signup',
          recipients: { id: 'user_id', name: 'data.name', email: 'data.email' },
          data: 'data',
        },
        // A recipient without an id would fail the action, and an anonymous event is not a failure.
        when: [{ path: 'user_id', exists: true }],
      },
    },
  ],
  behaviour: segmentBehaviour,
  pitfalls: [
    'Segment signs only the first event of a batch: the others are accepted and logged `unverified`. `npx signalbox settings set {key} --partial refuse` refuses such batches, and Segment drops their events for good.',
    'Set the Shared Secret in Segment first, then here. A request without a signature is answered 401 as soon as the secret is set here, and Segment drops its events for good.',
    'Two mappings in Segment that both match send one `messageId` twice. The second is logged `idempotent`.',
    'If Data is mapped to something else than the whole event, every path changes, and the event may have no type.',
    'An anonymous event has no user id, so no workflow starts for it.',
    '`context.traits` of a track event are what the client remembered of the user. They identify no one.',
    'A trait of null empties what it names, fields as well as properties.',
    'An alias is logged. It merges no users.',
  ],
  samples: cdpSamples({
    headers: segmentHeaders,
    envelope: segmentEnvelope,
    properties: (event, user) =>
      /sign/i.test(event) ? { name: user.name, email: user.email, plan: 'pro', type: 'organic' } : undefined,
    mix: [
      { eventType: 'track/user-signed-up', weight: 60 },
      { eventType: 'page', weight: 30 },
      { eventType: 'track/Product Viewed', weight: 10 },
    ],
  }),
};
