import type { SourceGuide } from './guide.ts';
import { cdpIdentifyMapping, cdpSamples } from './parts/cdp.guide.ts';
import { segmentBehaviour, segmentEnvelope, segmentHeaders } from './parts/segment.guide.ts';

export const guide: SourceGuide = {
  category: 'Customer data platform',
  about:
    'Sends what users of your site, app or servers do, one by one or in batches, from a destination Webhooks (Actions).',
  setup: [
    'Choose a secret, any text, and set it here: `npx signalbox secrets set {key}`.',
    'In Segment, under Connections > Catalog, choose Webhooks (Actions) and connect it to the source whose events you want.',
    "Enter the same secret as Shared Secret in the destination's settings.",
    'Add a mapping with the action Send, with a condition such as: type is Track or type is Identify.',
    'In the mapping, URL: {url}. Method: POST. Leave Data as it is, the whole event.',
    'Batch size: 0 or 1 where every event has to be signed; Segment signs only the first event of a batch.',
    'Enable the mapping and the destination; Test Mapping sends an ordinary event.',
  ],
  secret: { from: 'chosen', where: "the destination's settings: Shared Secret" },
  eventType: {
    rule: '`track/` and the name as sent for a track event, else the type in lower case.',
    examples: ['track/user-signed-up', 'identify', 'page'],
  },
  key: '`messageId`',
  defaultMappings: [
    cdpIdentifyMapping,
    {
      about:
        'Starts the workflow for whoever signed up. The recipient is described inline, because identify often arrives later; what the event does not say is left out.',
      mapping: {
        id: 'user-signup',
        event: 'track/user-signed-up',
        action: 'workflows_trigger',
        parameters: {
          key: 'user-signup',
          recipients: { id: 'user_id', name: 'data.name', email: 'data.email' },
          data: 'data',
        },
        // A recipient without an id is a failed action; an anonymous event is nobody's fault.
        when: [{ path: 'user_id', exists: true }],
      },
    },
  ],
  behaviour: segmentBehaviour,
  pitfalls: [
    'Segment signs only the first event of a batch: the others are accepted and logged `unverified`. `npx signalbox settings set KEY --partial refuse` refuses such batches, and Segment drops their events for good.',
    'Without a Shared Secret Segment signs nothing, and every request is answered 401. Until the secret is set here, it is 503, and Segment tries again for 4 h.',
    'Two mappings in Segment that both match send one messageId twice; the second is logged `idempotent`.',
    'Data that is mapped to something else than the whole event changes every path, and may leave no type.',
    'An anonymous event has no user id, so there is nobody to start a workflow for.',
    '`context.traits` of a track event are what the client remembered of the user; they identify nobody.',
    'An alias is logged; no users are merged.',
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
