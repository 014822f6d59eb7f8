import type { SourceGuide } from '../guide.ts';
import { cdpIdentifyMapping, cdpTriggerMapping } from './cdp.guide.ts';

/** What guides of the first generation have in common. */
export const legacyCdpGuide: Pick<SourceGuide, 'eventType' | 'key' | 'defaultMappings' | 'pitfalls'> = {
  eventType: {
    rule: 'A track event has its name as its type, as sent and without a prefix; any other event has its type in lower case. A track event that is named like a type keeps `track/` in front.',
    examples: ['Order Completed', 'identify', 'page', 'track/identify'],
  },
  key: '`messageId`',
  defaultMappings: [
    {
      ...cdpIdentifyMapping,
      about:
        'Keeps the user current once identify is switched on in the settings. Traits are read from `traits` alone.',
    },
    {
      ...cdpTriggerMapping(
        'Order Completed',
        'order-completed',
        'Starts the workflow for the user who completed the order.',
      ),
      optional: true,
    },
  ],
  pitfalls: [
    'Anyone who knows the URL can send, so keep it secret.',
    'Until identify is switched on, identify events are logged `identify_disabled` and change no user.',
    'Until idempotency is switched on, an event that is delivered twice runs twice: `npx signalbox settings set {key} --idempotency on`.',
    'Traits in `context.traits` alone are not read. Copy them to `traits` before they are sent.',
    'An anonymous event has no user id. What needs one is skipped with `required_field_missing`.',
    'An alias is logged. It merges no users.',
  ],
};
