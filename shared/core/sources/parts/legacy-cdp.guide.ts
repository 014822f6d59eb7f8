import type { SourceGuide } from '../guide.ts';
import { cdpIdentifyMapping, cdpTriggerMapping } from './cdp.guide.ts';

/** What guides of the first generation have in common. */
export const legacyCdpGuide: Pick<SourceGuide, 'eventType' | 'key' | 'defaultMappings' | 'pitfalls'> = {
  eventType: {
    rule: 'the name as sent for a track event, without a prefix, else the type in lower case; a track event that is named like a type keeps `track/` in front.',
    examples: ['Order Completed', 'identify', 'page', 'track/identify'],
  },
  key: '`messageId`',
  defaultMappings: [
    {
      ...cdpIdentifyMapping,
      about:
        'Keeps the user current, once identify is switched on in the settings. Traits are read from `traits` alone.',
    },
    {
      ...cdpTriggerMapping(
        'Order Completed',
        'order-completed',
        'Starts the workflow for whoever completed the order.',
      ),
      optional: true,
    },
  ],
  pitfalls: [
    'Whoever knows the URL can send: keep it secret.',
    'Until identify is switched on, identify events are logged `identify_disabled` and change nobody.',
    'Until idempotency is switched on, an event that is delivered twice runs twice.',
    'Traits in `context.traits` alone are not read; copy them to `traits` before they are sent.',
    'An anonymous event has no user id: its trigger is skipped with `required_field_missing`.',
    'An alias is logged; no users are merged.',
  ],
};
