import { legacyCdp } from './parts/legacy-cdp.ts';
import { defineSource } from './source.ts';

/**
 * Segment as sources of the first generation read it: unsigned, names without a prefix, and paths
 * from the root of the event (`properties.total`, `userId`). Lists are batches.
 */
export const segmentLegacy = defineSource({
  ...legacyCdp,
  id: 'segment-legacy',
  title: 'Segment (legacy)',
  docs: 'https://www.twilio.com/docs/segment/connections/destinations/catalog/actions-webhook',
  keptHeaders: [],
});
