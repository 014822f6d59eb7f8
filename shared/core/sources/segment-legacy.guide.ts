import type { SourceGuide } from './guide.ts';
import { cdpSamples } from './parts/cdp.guide.ts';
import { legacyCdpGuide } from './parts/legacy-cdp.guide.ts';
import { segmentBehaviour, segmentEnvelope, segmentHeaders } from './parts/segment.guide.ts';

export const guide: SourceGuide = {
  ...legacyCdpGuide,
  category: 'Customer data platform',
  about:
    'Reads Segment as sources of the first generation did: names without `track/`, paths from the root of the event.',
  setup: [
    'For anything new use the kind `segment`, which checks signatures.',
    'In Segment, under Connections > Catalog, choose Webhooks (Actions), and connect it to the source whose events you want.',
    'Add a mapping with the action Send and a condition such as: type is Track or type is Identify.',
    'In the mapping, enter as URL: {url}',
    'Method: POST. Leave Data as it is: the whole event.',
    'To create users from identify: `npx signalbox settings set {key} --identify on`.',
  ],
  behaviour: segmentBehaviour,
  samples: cdpSamples({
    headers: segmentHeaders,
    envelope: segmentEnvelope,
    trackType: (name) => name,
    mix: [
      { eventType: 'Order Completed', weight: 70 },
      { eventType: 'page', weight: 20 },
      { eventType: 'Product Viewed', weight: 10 },
    ],
  }),
};
