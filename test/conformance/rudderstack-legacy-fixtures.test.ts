import { describe, expect, test } from '@jest/globals';
import { isJsonObject, parseJson } from '../../shared/core/json/values.ts';
import { becomes, realPayloads } from './cdp-fixtures.ts';

/*
 * The real payloads of RudderStack, as the first generation reads them. Checked against a plain second reading of the
 * rules, not against recorded output.
 */

// The vendor's own tests send these event names that are no names.
const rejected = ['nonstring-event-1.json', 'nonstring-event-2.json'];

const payloads = realPayloads('rudderstack');

(payloads.size > 0 ? describe : describe.skip)('real RudderStack payloads', () => {
  test.each(payloads.size > 0 ? [...payloads] : [['none', '']])('%s', async (name, text) => {
    const body = parseJson(text);
    if (!isJsonObject(body)) throw new Error('not an event');
    const type = String(body.type).toLowerCase();
    const eventType = type === 'track' && body.event ? String(body.event) : type;
    expect(await becomes('rudderstack-legacy', text)).toEqual(
      rejected.includes(name)
        ? ['payload_invalid']
        : [eventType, body.userId ? String(body.userId) : '-', String(body.messageId ?? '-')],
    );
  });
});
