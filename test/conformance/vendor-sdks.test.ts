import '@shopify/shopify-api/adapters/node';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ApiVersion, shopifyApi } from '@shopify/shopify-api';
import { WorkOS } from '@workos-inc/node';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import { standardWebhooks } from '../../shared/core/signatures/standard-webhooks.ts';
import type { Verdict, Verifier } from '../../shared/core/signatures/verifier.ts';
import { clerk } from '../../shared/core/sources/clerk.ts';
import { shopify } from '../../shared/core/sources/shopify.ts';
import { stripe } from '../../shared/core/sources/stripe.ts';
import { workos } from '../../shared/core/sources/workos.ts';

/* The vendors' own packages: what they sign we verify, and what we sign they do. */

const nowMs = Date.parse('2026-05-04T12:00:00.250Z');
const second = 1000;
const bodies = ['{"id":"evt_1","type":"a"}', '{\n  "id": "evt_2",\n  "name": "ünïcode 🍊"\n}'];

beforeEach(() => {
  // Only the clock: what the packages wait for goes on.
  jest.useFakeTimers({ now: nowMs, doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
});

const verify = (verifier: Verifier, body: string, headers: Record<string, string>, secret: string): Verdict =>
  verifier.verify({ rawBody: Buffer.from(body), headers, secrets: [secret], nowMs });

const sign = (verifier: Verifier, body: string, secret: string, signedAtMs = nowMs) =>
  verifier.sign({ rawBody: Buffer.from(body), secret, nowMs: signedAtMs, id: 'msg_2vec' });

describe.each(bodies)('%j', (body) => {
  describe('stripe', () => {
    const secret = 'whsec_test_4f1b2c3d4e5f60718293a4b5c6d7e8f9';
    const { webhooks } = new Stripe('sk_test_unused');
    const accepts = (header: string, text = body) => {
      try {
        return webhooks.constructEvent(text, header, secret).id !== '';
      } catch (error) {
        if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
        throw error;
      }
    };

    test('verifies what stripe.webhooks signs', () => {
      const header = webhooks.generateTestHeaderString({
        payload: body,
        secret,
        timestamp: Math.floor(nowMs / second),
      });
      expect(verify(stripe.verifier, body, { 'stripe-signature': header }, secret)).toBe('verified');
      expect(verify(stripe.verifier, `${body} `, { 'stripe-signature': header }, secret)).toBe('failed');
    });

    test('signs what stripe.webhooks verifies, up to the same age', () => {
      const header = (ageSeconds: number) =>
        sign(stripe.verifier, body, secret, nowMs - ageSeconds * second)['stripe-signature'] ?? '';
      expect(accepts(header(0))).toBe(true);
      expect(accepts(header(300))).toBe(true);
      expect(accepts(header(301))).toBe(false);
      expect(accepts(header(0), `${body} `)).toBe(false);
      expect(verify(stripe.verifier, body, { 'stripe-signature': header(300) }, secret)).toBe('verified');
      expect(verify(stripe.verifier, body, { 'stripe-signature': header(301) }, secret)).toBe('failed');
    });
  });

  describe.each([
    ['svix', SvixWebhook, clerk.verifier, 'svix'],
    ['standardwebhooks', StandardWebhook, standardWebhooks('webhook'), 'webhook'],
    ['standardwebhooks, to Clerk', StandardWebhook, clerk.verifier, 'webhook'],
  ] as const)('%s', (_, Webhook, verifier, prefix) => {
    const secret = 'whsec_Y2xlcmstdmVjdG9yLWtleS0wMTIzNDU2Nzg5YWJjZGVm';
    const theirs = new Webhook(secret);
    const accepts = (headers: Record<string, string>, text = body) => {
      try {
        theirs.verify(text, headers);
        return true;
      } catch {
        return false;
      }
    };
    const ours = (ageSeconds = 0) => {
      const at = nowMs - ageSeconds * second;
      return sign(prefix === 'svix' ? verifier : standardWebhooks('webhook'), body, secret, at);
    };

    test('verifies what the package signs', () => {
      const headers = {
        [`${prefix}-id`]: 'msg_2vec',
        [`${prefix}-timestamp`]: String(Math.floor(nowMs / second)),
        [`${prefix}-signature`]: theirs.sign('msg_2vec', new Date(nowMs), body),
      };
      expect(verify(verifier, body, headers, secret)).toBe('verified');
      expect(verify(verifier, body, { ...headers, [`${prefix}-id`]: 'msg_3vec' }, secret)).toBe('failed');
      expect(verify(verifier, `${body} `, headers, secret)).toBe('failed');
    });

    test('signs what the package verifies, up to the same distance before and behind', () => {
      for (const [ageSeconds, holds] of [
        [0, true],
        [300, true],
        [301, false],
        [-300, true],
        [-301, false],
      ] as const) {
        expect(accepts(ours(ageSeconds))).toBe(holds);
        expect(verify(verifier, body, ours(ageSeconds), secret)).toBe(holds ? 'verified' : 'failed');
      }
      expect(accepts(ours(), `${body} `)).toBe(false);
    });
  });

  describe('@workos-inc/node', () => {
    const secret = 'wos_vec_9d8c7b6a5f4e3d2c1b0a';
    const { webhooks } = new WorkOS('sk_test_unused');
    const accepts = async (sigHeader: string, payload = body) => {
      try {
        return await webhooks.verifyHeader({ payload, sigHeader, secret });
      } catch {
        return false;
      }
    };

    test.each([',', ', '])('verifies what the package signs, the time and signature apart by %j', async (separator) => {
      const signature = await webhooks.computeSignature(nowMs, body, secret);
      const headers = { 'workos-signature': `t=${nowMs}${separator}v1=${signature}` };
      expect(verify(workos.verifier, body, headers, secret)).toBe('verified');
      expect(verify(workos.verifier, `${body} `, headers, secret)).toBe('failed');
    });

    test('signs what the package verifies, up to the same age', async () => {
      const header = (ageMs: number) => sign(workos.verifier, body, secret, nowMs - ageMs)['workos-signature'] ?? '';
      expect(await accepts(header(0))).toBe(true);
      expect(await accepts(header(180_000))).toBe(true);
      expect(await accepts(header(180_001))).toBe(false);
      expect(await accepts(header(0), `${body} `)).toBe(false);
      expect(verify(workos.verifier, body, { 'workos-signature': header(180_000) }, secret)).toBe('verified');
      expect(verify(workos.verifier, body, { 'workos-signature': header(180_001) }, secret)).toBe('failed');
    });
  });

  describe('@shopify/shopify-api', () => {
    const secret = 'shpss_vec_0123456789abcdef';
    const api = shopifyApi({
      apiKey: 'unused',
      apiSecretKey: secret,
      hostName: 'example.com',
      apiVersion: ApiVersion.April26,
      isEmbeddedApp: false,
      logger: { level: 0 },
    });
    const validate = async (headers: Record<string, string>, rawBody = body) => {
      const rawRequest = {
        method: 'POST',
        url: '/',
        headers: {
          'x-shopify-topic': 'orders/create',
          'x-shopify-shop-domain': 'example.myshopify.com',
          'x-shopify-api-version': '2026-04',
          'x-shopify-webhook-id': 'b54557e4',
          ...headers,
        },
      };
      return api.webhooks.validate({ rawBody, rawRequest, rawResponse: {} });
    };

    test('signs what webhooks.validate verifies', async () => {
      expect(await validate(sign(shopify.verifier, body, secret))).toMatchObject({ valid: true });
      expect(await validate(sign(shopify.verifier, body, secret), `${body} `)).toMatchObject({ valid: false });
      expect(await validate(sign(shopify.verifier, body, 'another'))).toMatchObject({ valid: false });
    });

    test('verifies what its runtime signs', async () => {
      const { createSHA256HMAC, HashFormat } = await import('@shopify/shopify-api/runtime');
      const headers = { 'x-shopify-hmac-sha256': await createSHA256HMAC(secret, body, HashFormat.Base64) };
      expect(verify(shopify.verifier, body, headers, secret)).toBe('verified');
      expect(verify(shopify.verifier, `${body} `, headers, secret)).toBe('failed');
    });
  });
});

test('what stripe and WorkOS make of an event that we signed is the event', async () => {
  const [body = ''] = bodies;
  const stripeHeader = sign(stripe.verifier, body, 'whsec_x')['stripe-signature'] ?? '';
  expect(new Stripe('sk_test_unused').webhooks.constructEvent(body, stripeHeader, 'whsec_x')).toEqual(JSON.parse(body));
  const payload = {
    id: 'event_1',
    event: 'organization.updated',
    created_at: '2026-05-04T12:00:00.000Z',
    data: { object: 'organization', id: 'org_1', name: 'Orchard', domains: [] },
  };
  const sigHeader = sign(workos.verifier, JSON.stringify(payload), 'wos')['workos-signature'] ?? '';
  const event = await new WorkOS('sk_test_unused').webhooks.constructEvent({ payload, sigHeader, secret: 'wos' });
  expect(event).toMatchObject({ id: 'event_1', event: 'organization.updated', data: { id: 'org_1' } });
});
