import { identify, orderCompleted, requestHeaders } from '../bench/sample-events.ts';

/** What becomes of an event when all goes well. */
export type EventKind =
  /** A run at the target. */
  | 'order'
  /** The same, but the target refuses it once for good: a copy must then have its effect. */
  | 'refused_order'
  /** A run that is recorded only. */
  | 'signup'
  | 'identify'
  | 'unmapped'
  | 'invalid';

export type SoakEvent = { key: string; source: string; kind: EventKind; body: string };

export const sources = ['shop', 'app', 'crm'];
export const headers = requestHeaders;

/** The event of a place in the run; the same for every copy of it. */
export function eventOf(key: string, random: () => number): SoakEvent {
  const source = sources[Math.floor(random() ** 2 * sources.length)] as string;
  const user = userOf(Math.floor(random() * 200));
  const kind = kindOf(random());
  return { key, source, kind, body: JSON.stringify(bodyOf(kind, key, user)) };
}

/** Some have an id beyond U+FFFF, and some look like another user but for a blank. */
function userOf(number: number): string {
  if (number % 10 === 0) return `user-${number} 🎉`;
  return number % 10 === 1 ? `user-${number + 1} ` : `user-${number}`;
}

/** Text that a queue, a table or an encoding could spoil, and values that no field of a user takes. */
const hostile = {
  note: 'e\u0301 שלום \u202e 👩‍👩‍👧 \ufffe\uffff \u0000\u2028 \ud83d.',
  avatar: { href: 'x' },
  phone: false,
  timezone: [],
  blank: '',
  nothing: null,
};

/** What costs the events beside it nothing. */
const heavy = { many: Array(2000).fill({}), deep: JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) };

function kindOf(number: number): EventKind {
  if (number < 0.48) return 'order';
  if (number < 0.5) return 'refused_order';
  if (number < 0.65) return 'signup';
  if (number < 0.75) return 'identify';
  return number < 0.95 ? 'unmapped' : 'invalid';
}

function bodyOf(kind: EventKind, key: string, user: string): Record<string, unknown> {
  const of = { messageId: key, userId: user };
  switch (kind) {
    case 'order':
    case 'refused_order': {
      const event = orderCompleted(of);
      const properties = { ...(event.properties as object), ...hostile, key, refuse_once: kind === 'refused_order' };
      return { ...event, properties };
    }
    case 'signup':
      return { ...orderCompleted(of), event: 'signed_up', properties: { ...hostile, key, plan: 'team 🎉' } };
    case 'identify': {
      const event = identify(user);
      return { ...event, messageId: key, traits: { ...(event.traits as object), ...hostile } };
    }
    case 'unmapped':
      return { ...orderCompleted(of), event: 'page_scrolled', properties: { ...heavy, key } };
    case 'invalid': {
      const { type: _, ...event } = orderCompleted(of);
      return event;
    }
  }
}
