/**
 * List prices in US dollars, without free tiers and discounts. Update them together with `readOn`:
 * a list that is older than `oldAfterDays` gives a warning, since a bill is worth no more than its
 * prices.
 */
export const priceList = {
  region: 'us-east-1',
  readOn: '2026-11-29',
  prices: {
    'api-gateway requests': {
      // Each of at most 512 KB.
      tiers: [
        { above: 0, dollars: 1.0e-6 },
        { above: 300e6, dollars: 0.9e-6 },
      ],
      source: 'https://aws.amazon.com/api-gateway/pricing/',
    },
    'lambda requests': { tiers: [{ above: 0, dollars: 0.2e-6 }], source: 'https://aws.amazon.com/lambda/pricing/' },
    'lambda GB-seconds': {
      // arm64.
      tiers: [
        { above: 0, dollars: 0.0000133334 },
        { above: 7.5e9, dollars: 0.0000120001 },
        { above: 18.75e9, dollars: 0.0000106667 },
      ],
      source: 'https://aws.amazon.com/lambda/pricing/',
    },
    'sqs requests': {
      // Of standard queues, each of at most 64 KB.
      tiers: [
        { above: 0, dollars: 0.4e-6 },
        { above: 100e9, dollars: 0.3e-6 },
        { above: 200e9, dollars: 0.24e-6 },
      ],
      source: 'https://aws.amazon.com/sqs/pricing/',
    },
    'sqs fair queues': {
      // On top, for requests whose messages name a group.
      tiers: [{ above: 0, dollars: 0.1e-6 }],
      source: 'https://aws.amazon.com/sqs/pricing/',
    },
    'dynamodb write units': {
      tiers: [{ above: 0, dollars: 0.625e-6 }],
      source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
    },
    'dynamodb read units': {
      tiers: [{ above: 0, dollars: 0.125e-6 }],
      source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
    },
    'dynamodb GB-months': {
      tiers: [{ above: 0, dollars: 0.25 }],
      source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
    },
    'dynamodb point-in-time recovery GB-months': {
      tiers: [{ above: 0, dollars: 0.2 }],
      source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
    },
    'logs GB': {
      // What Lambda and API Gateway deliver, in log groups of the class Standard.
      tiers: [
        { above: 0, dollars: 0.5 },
        { above: 10e3, dollars: 0.25 },
        { above: 30e3, dollars: 0.1 },
        { above: 50e3, dollars: 0.05 },
      ],
      source: 'https://aws.amazon.com/cloudwatch/pricing/',
    },
    'logs stored GB-months': {
      // Compressed.
      tiers: [{ above: 0, dollars: 0.03 }],
      source: 'https://aws.amazon.com/cloudwatch/pricing/',
    },
    'custom metrics': {
      tiers: [
        { above: 0, dollars: 0.3 },
        { above: 10e3, dollars: 0.1 },
        { above: 250e3, dollars: 0.05 },
        { above: 1e6, dollars: 0.02 },
      ],
      source: 'https://aws.amazon.com/cloudwatch/pricing/',
    },
    'alarm metrics': { tiers: [{ above: 0, dollars: 0.1 }], source: 'https://aws.amazon.com/cloudwatch/pricing/' },
    dashboards: { tiers: [{ above: 0, dollars: 3 }], source: 'https://aws.amazon.com/cloudwatch/pricing/' },
    secrets: { tiers: [{ above: 0, dollars: 0.4 }], source: 'https://aws.amazon.com/secrets-manager/pricing/' },
    'secret reads': {
      tiers: [{ above: 0, dollars: 5e-6 }],
      source: 'https://aws.amazon.com/secrets-manager/pricing/',
    },
    'key uses': { tiers: [{ above: 0, dollars: 3e-6 }], source: 'https://aws.amazon.com/kms/pricing/' },
    'GB sent to the internet': {
      tiers: [
        { above: 0, dollars: 0.09 },
        { above: 10e3, dollars: 0.085 },
        { above: 50e3, dollars: 0.07 },
        { above: 150e3, dollars: 0.05 },
      ],
      source: 'https://aws.amazon.com/ec2/pricing/on-demand/',
    },
    'x-ray traces': { tiers: [{ above: 0, dollars: 5e-6 }], source: 'https://aws.amazon.com/xray/pricing/' },
  },
} as const satisfies PriceList;

export type PriceList = { region: string; readOn: string; prices: Record<string, Price> };
/** A unit's price for the part of the month's quantity that is above each mark; the first mark is 0. */
export type Price = { tiers: readonly { above: number; dollars: number }[]; source: string };
export type PriceName = keyof typeof priceList.prices;

/** What `quantity` units of a month cost. */
export function dollarsOf({ tiers }: Price, quantity: number): number {
  return tiers.reduce((sum, { above, dollars }, i) => {
    const end = tiers[i + 1]?.above ?? Number.POSITIVE_INFINITY;
    return sum + Math.max(0, Math.min(quantity, end) - above) * dollars;
  }, 0);
}

const oldAfterDays = 180;

/** A warning when the prices are too old to be believed without a look. */
export function ageWarning({ readOn, region }: PriceList, nowMs: number): string | undefined {
  const days = Math.floor((nowMs - Date.parse(readOn)) / 86_400_000);
  if (days <= oldAfterDays) return undefined;
  return `the prices of ${region} were read ${days} days ago, on ${readOn}: compare them with their pages (infra/cost/prices.ts)`;
}
