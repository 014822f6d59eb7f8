import type { JsonObject } from '../json/values.ts';
import { afterAnyFault, type Sample, type SampleMaker, type SampleUser, type SourceGuide } from './guide.ts';

const identifyParameters = {
  id: 'data.object.id',
  name: { first: ['data.object.name'] },
  email: { first: ['data.object.email'] },
  phone_number: { first: ['data.object.phone'] },
  properties: 'data.object.metadata',
};

export const guide: SourceGuide = {
  category: 'Webhook',
  about: 'Sends what happens in a Stripe account: customers, invoices, payments, subscriptions.',
  setup: [
    "In Stripe's webhook settings, add an endpoint with the events that you want. The default mappings need snapshot events, not thin ones.",
    'Endpoint URL: {url}',
    'Copy the signing secret of the endpoint, with `whsec_`, and set it: `npx signalbox secrets set {key}`.',
    'Test mode and live mode have endpoints and secrets of their own: use one for each environment.',
  ],
  secret: { from: 'vendor', where: 'the details of the endpoint, as its signing secret, which begins with `whsec_`' },
  eventType: {
    rule: 'The event type is `type` as sent.',
    examples: ['customer.created', 'invoice.paid', 'customer.subscription.deleted'],
  },
  key: '`id` of the event (`evt_…`)',
  defaultMappings: [
    {
      about:
        'Keeps the user current. A name, e-mail or phone that Stripe does not know (null or "") overwrites nothing.',
      mapping: {
        id: 'customer-created',
        event: 'customer.created',
        action: 'users_identify',
        parameters: identifyParameters,
      },
    },
    {
      about: 'Does the same when the customer changes.',
      optional: true,
      mapping: {
        id: 'customer-updated',
        event: 'customer.updated',
        action: 'users_identify',
        parameters: identifyParameters,
      },
    },
    ...['created', 'paid'].map((what) => ({
      about: 'Starts the workflow for the customer. An invoice without a customer starts nothing.',
      mapping: {
        id: `invoice-${what}`,
        event: `invoice.${what}`,
        action: 'workflows_trigger',
        parameters: { key: `invoice-${what}`, recipients: 'data.object.customer', data: 'body' },
      },
    })),
  ],
  behaviour: {
    timeout: 'Stripe does not publish how long it waits for an answer.',
    retries:
      'It sends again after any answer but 2xx, redirects included, and after no answer in time: with growing pauses, for up to 3 days in live mode, and three times over a few hours in a sandbox.',
    drops: 'It drops an event that failed for that long, and may disable an endpoint that keeps failing.',
    retryHours: 72,
    sendsAgainAfter: afterAnyFault,
  },
  pitfalls: [
    'Events may arrive in any order: `invoice.paid` may come before `customer.created`, and a customer who is not known yet gets no run.',
    'Amounts are in the smallest unit of the currency: 7900 is 79.00 EUR.',
    'Thin events (`object: v2.core.event`) name an object (`body.related_object.id`) and hold no `data.object`. The default mappings skip them.',
    'Events of connected accounts have `body.account`.',
    'A proxy on the way must not rewrite the body: the signature covers its exact bytes.',
  ],
  samples: {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
    },
    identify: (user, make) => sample('customer.created', user, make, customer(user, make)),
    ofType(eventType, user, make) {
      if (eventType === 'customer.created' || eventType === 'customer.updated' || eventType === 'customer.deleted')
        return sample(eventType, user, make, customer(user, make));
      if (eventType.startsWith('invoice.'))
        return sample(eventType, user, make, invoice(user, make, eventType === 'invoice.paid'));
      if (eventType.startsWith('customer.subscription.'))
        return sample(eventType, user, make, subscription(user, make));
      return undefined;
    },
    mix: [
      { eventType: 'invoice.paid', weight: 50 },
      { eventType: 'invoice.created', weight: 30 },
      { eventType: 'customer.subscription.updated', weight: 15 },
      { eventType: 'customer.updated', weight: 5 },
    ],
  },
};

const id = (prefix: string, make: SampleMaker) => `${prefix}_${make.uuid().replaceAll('-', '').slice(0, 24)}`;
const secondsNow = ({ nowMs }: SampleMaker) => Math.floor(nowMs / 1000);

function sample(eventType: string, user: SampleUser, make: SampleMaker, object: JsonObject): Sample {
  const messageId = id('evt', make);
  const event = {
    id: messageId,
    object: 'event',
    api_version: '2026-03-25.dahlia',
    created: secondsNow(make),
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type: eventType,
  };
  // Indented, as Stripe posts it.
  return { eventType, messageId, userId: user.id, body: JSON.stringify(event, undefined, 2) };
}

function customer(user: SampleUser, make: SampleMaker): JsonObject {
  return {
    id: user.id,
    object: 'customer',
    created: secondsNow(make),
    currency: null,
    email: user.email,
    livemode: false,
    metadata: { plan: 'pro' },
    name: user.name,
    phone: null,
  };
}

function invoice(user: SampleUser, make: SampleMaker, isPaid: boolean): JsonObject {
  const total = make.int(500, 20_000);
  return {
    id: id('in', make),
    object: 'invoice',
    amount_due: total,
    amount_paid: isPaid ? total : 0,
    amount_remaining: isPaid ? 0 : total,
    created: secondsNow(make),
    currency: 'eur',
    customer: user.id,
    customer_email: user.email,
    customer_name: user.name,
    livemode: false,
    metadata: {},
    number: `EX-${make.int(1000, 10_000)}`,
    status: isPaid ? 'paid' : 'draft',
    total,
  };
}

function subscription(user: SampleUser, make: SampleMaker): JsonObject {
  return {
    id: id('sub', make),
    object: 'subscription',
    cancel_at_period_end: false,
    created: secondsNow(make),
    currency: 'eur',
    customer: user.id,
    livemode: false,
    metadata: {},
    status: 'active',
  };
}
