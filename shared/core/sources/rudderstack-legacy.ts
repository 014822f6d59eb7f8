import type { SourceGuide } from './guide.ts';
import { cdpSamples } from './parts/cdp-guide.ts';
import { cdpBatchWrapper } from './parts/cdp-payload.ts';
import { legacyCdp, legacyCdpGuide } from './parts/legacy-cdp.ts';
import { rudderstackBehaviour, rudderstackEnvelope, rudderstackHeaders } from './parts/rudderstack-sender.ts';
import { defineSource } from './source.ts';

/**
 * RudderStack as sources of the first generation read it: unsigned, names without a prefix, `data.*` for the properties
 * of an event.
 */
export const rudderstackLegacy = defineSource({
  ...legacyCdp,
  id: 'rudderstack-legacy',
  title: 'RudderStack (legacy)',
  docs: 'https://www.rudderstack.com/docs/destinations/webhooks/setup-guide/',
  keptHeaders: ['x-rudder-instance-id'],
  batchWrapper: cdpBatchWrapper,
});

/** For people and tools: set-up, defaults, samples. */
export const guide = (): SourceGuide => ({
  ...legacyCdpGuide(),
  category: 'Customer data platform',
  about: 'As RudderStack, for set-ups of the first generation: names without `track/`, paths such as `data.total`.',
  setup: [
    'For a new set-up take the kind rudderstack, which can check a secret.',
    'In the RudderStack dashboard, open the source whose events you want and add a destination of type Webhook.',
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
});
