import type { SourceGuide } from './guide.ts';
import { cdpSamples } from './parts/cdp.guide.ts';
import { legacyCdpGuide } from './parts/legacy-cdp.guide.ts';
import { rudderstackBehaviour, rudderstackEnvelope, rudderstackHeaders } from './parts/rudderstack.guide.ts';

export const guide: SourceGuide = {
  ...legacyCdpGuide,
  category: 'Customer data platform',
  about:
    'Reads RudderStack as sources of the first generation did: names without `track/`, paths such as `data.total`.',
  setup: [
    'For anything new use the kind `rudderstack`, which can check a secret.',
    'In the RudderStack dashboard, open the source whose events you want, and add a destination of type Webhook.',
    'Webhook URL: {url}',
    'URL method: POST. Connection mode: cloud.',
    'To create users from identify: `npx signalbox settings set {key} --identify on`.',
  ],
  behaviour: rudderstackBehaviour,
  samples: cdpSamples({
    headers: rudderstackHeaders,
    envelope: rudderstackEnvelope,
    trackType: (name) => name,
    mix: [
      { eventType: 'Order Completed', weight: 70 },
      { eventType: 'page', weight: 20 },
      { eventType: 'Product Viewed', weight: 10 },
    ],
  }),
};
