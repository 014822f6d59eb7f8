import { cdpBatchWrapper } from './parts/cdp-payload.ts';
import { legacyCdp } from './parts/legacy-cdp.ts';
import { defineSource } from './source.ts';

/**
 * RudderStack as sources of the first generation read it: unsigned, names without a prefix,
 * `data.*` for the properties of an event.
 */
export const rudderstackLegacy = defineSource({
  ...legacyCdp,
  id: 'rudderstack-legacy',
  title: 'RudderStack (legacy)',
  docs: 'https://www.rudderstack.com/docs/destinations/webhooks/setup-guide/',
  keptHeaders: ['x-rudder-instance-id'],
  batchWrapper: cdpBatchWrapper,
});
