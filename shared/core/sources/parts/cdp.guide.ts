import type { JsonObject } from '../../json/values.ts';
import type { DefaultMapping, Sample, SampleMaker, SampleSet, SampleUser } from '../guide.ts';

/** The mapping that every customer data platform begins with: it keeps identified users current. */
export const cdpIdentifyMapping: DefaultMapping = {
  about: 'Keeps the user current. Traits are read from `traits`, then from `context.traits`, key by key.',
  mapping: {
    id: 'identify',
    event: 'identify',
    action: 'users_identify',
    parameters: {
      id: 'user_id',
      name: 'data.name',
      email: 'data.email',
      phone_number: 'data.phone',
      avatar: 'data.avatar',
      locale: 'data.locale',
      timezone: 'data.timezone',
      created_at: 'preprocess.created_at',
      properties: 'preprocess.custom_traits',
    },
  },
};

/** A workflow that starts for the user who did something. */
export function cdpTriggerMapping(eventType: string, workflow: string, about: string): DefaultMapping {
  return {
    about,
    mapping: {
      id: workflow,
      event: eventType,
      action: 'workflows_trigger',
      parameters: { key: workflow, recipients: 'user_id', data: 'data' },
    },
  };
}

const products = [
  { product_id: 'SKU-1001', name: 'Enamel mug', category: 'Kitchen', price: 12.5 },
  { product_id: 'SKU-2040', name: 'Linen apron', category: 'Kitchen', price: 34 },
  { product_id: 'SKU-3177', name: 'Field notebook', category: 'Paper', price: 8.9 },
] as const;

const somethingToBuy = (make: SampleMaker) => products[make.int(0, products.length)] ?? products[0];

function order(make: SampleMaker): JsonObject {
  const product = somethingToBuy(make);
  const quantity = make.int(1, 4);
  return {
    order_id: `ord_${make.uuid().slice(0, 8)}`,
    total: Math.round(product.price * quantity * 100) / 100,
    currency: 'EUR',
    products: [{ ...product, quantity }],
  };
}

/** What the platforms' samples differ in. */
export type CdpDialect = {
  headers: Record<string, string>;
  /** Members that this platform adds to, or says otherwise than, the common ones. */
  envelope(user: SampleUser, make: SampleMaker): JsonObject;
  /** The event type of a track event. Default: `track/<name>`. */
  trackType?(name: string): string;
  /** What a track event says. Default, and where undefined: what visitors of a shop do. */
  properties?(event: string, user: SampleUser, make: SampleMaker): JsonObject | undefined;
  /** Default: a UUID. */
  messageId?(make: SampleMaker): string;
  mix: SampleSet['mix'];
};

/** Visitors of a shop, as a platform of the Segment vocabulary tells of them. */
export function cdpSamples(dialect: CdpDialect): SampleSet {
  const { headers, envelope, trackType = (name) => `track/${name}`, mix } = dialect;
  const sample = (eventType: string, user: SampleUser, make: SampleMaker, fields: JsonObject): Sample => {
    const messageId = dialect.messageId?.(make) ?? make.uuid();
    const timestamp = new Date(make.nowMs).toISOString();
    const body = {
      messageId,
      anonymousId: make.uuid(),
      userId: user.id,
      timestamp,
      ...envelope(user, make),
      ...fields,
    };
    return { eventType, messageId, userId: user.id, body };
  };
  const identify = (user: SampleUser, make: SampleMaker) =>
    sample('identify', user, make, {
      type: 'identify',
      traits: { name: user.name, email: user.email, plan: 'pro' },
    });
  return {
    headers,
    identify,
    mix,
    ofType(eventType, user, make) {
      switch (eventType) {
        case 'identify':
          return identify(user, make);
        case 'page':
          return sample(eventType, user, make, {
            type: 'page',
            name: 'Checkout',
            properties: { path: '/checkout', title: 'Checkout' },
          });
        case 'screen':
          return sample(eventType, user, make, { type: 'screen', name: 'Checkout', properties: { name: 'Checkout' } });
        case 'group':
          return sample(eventType, user, make, {
            type: 'group',
            groupId: 'org_42',
            traits: { name: 'Example Ltd', plan: 'team' },
          });
        case 'alias':
          return sample(eventType, user, make, { type: 'alias', previousId: `anon_${user.id}` });
      }
      const prefix = trackType('');
      if (!eventType.startsWith(prefix) || eventType === prefix) return undefined;
      const event = eventType.slice(prefix.length);
      return sample(eventType, user, make, {
        type: 'track',
        event,
        properties:
          dialect.properties?.(event, user, make) ?? (/order/i.test(event) ? order(make) : { ...somethingToBuy(make) }),
      });
    },
  };
}
