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
  const user = `user-${Math.floor(random() * 200)}`;
  const kind = kindOf(random());
  return { key, source, kind, body: JSON.stringify(bodyOf(kind, key, user)) };
}

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
      return { ...event, properties: { ...(event.properties as object), key, refuse_once: kind === 'refused_order' } };
    }
    case 'signup':
      return { ...orderCompleted(of), event: 'signed_up', properties: { key, plan: 'team' } };
    case 'identify':
      return { ...identify(user), messageId: key };
    case 'unmapped':
      return { ...orderCompleted(of), event: 'page_scrolled', properties: { key } };
    case 'invalid': {
      const { type: _, ...event } = orderCompleted(of);
      return event;
    }
  }
}
