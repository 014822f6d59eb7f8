import type { JsonValue } from '../json/values.ts';
import type { ActionWarning } from '../logs/action-log-entry.ts';

type Format = { code: string; isFormed(text: string): boolean; expected: string };

// One "@" with text on either side. Only a message to an address shows whether it works.
const email = /^[^\s@]+@[^\s@]+$/;
// https://www.itu.int/rec/T-REC-E.164
const e164 = /^\+[1-9]\d{1,14}$/;
const isoDateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;

const formats = new Map<string, Format>([
  ['email', { code: 'email_malformed', isFormed: (text) => email.test(text), expected: 'an e-mail address' }],
  [
    'phone_number',
    {
      code: 'phone_number_malformed',
      isFormed: (text) => e164.test(text),
      expected: 'an E.164 number such as +34910000001',
    },
  ],
  [
    'timezone',
    { code: 'timezone_unknown', isFormed: isTimeZone, expected: 'a tz database name such as Europe/Madrid' },
  ],
  [
    'created_at',
    {
      code: 'created_at_malformed',
      isFormed: (text) => isoDateTime.test(text) && !Number.isNaN(Date.parse(text)),
      expected: 'an ISO 8601 date-time such as 2026-05-04T08:15:30Z',
    },
  ],
]);

/** A field's problem, if any. It is only a warning: the text is stored unchanged. */
export function formatWarning(field: string, value: JsonValue | undefined): ActionWarning | undefined {
  const format = formats.get(field);
  if (format === undefined || typeof value !== 'string' || format.isFormed(value)) return undefined;
  return { code: format.code, message: `${field} is not ${format.expected}; it was stored as given` };
}

// Asking Intl costs about 20 µs; there are some 600 names, so remembering the good ones is bounded.
const knownTimeZones = new Set<string>();

function isTimeZone(name: string): boolean {
  if (knownTimeZones.has(name)) return true;
  // Intl also takes offsets (+01:00), which are not names.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    return false;
  }
  // Intl ignores case, so only the exact spelling is cached, which limits the cache.
  if (knownTimeZones.size < 1000) knownTimeZones.add(name);
  return true;
}
