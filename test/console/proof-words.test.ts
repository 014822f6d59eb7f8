import { expect, test } from '@jest/globals';
import { sentence } from '../../infra/console/web/parts/words.ts';
import { proofOf } from '../../infra/console/web/sources/proof.ts';
import { kindRow } from '../../shared/operations/sources/kind-row.ts';
import { sourceGuides } from '../../shared/operations/sources/source-guides.ts';

/* How requests of a kind are checked, as the form of a new source says it. */

const rows = (await sourceGuides()).map(kindRow);
const said = (row: (typeof rows)[number]) => (row.can_check ? proofOf(row) : sentence(row.instruction));

test.each(rows.map((row) => [row.kind, row] as const))('of %s is said in sentences', (_kind, row) => {
  const text = said(row);
  expect(text).toMatch(/^[A-Z].*\.$/);
  if (row.can_check) expect(text).toMatch(/^[\w ]+ has to (sign each request with|send the) /);
  else expect(text).not.toMatch(/has to|401|check on/);
});

test('of Stripe names Stripe, which signs, and what any other request is answered', () => {
  const stripe = rows.find(({ kind }) => kind === 'stripe') as (typeof rows)[number];
  expect(said(stripe)).toMatch(/^Stripe has to sign each request with .*\. Any other request is answered 401\.$/);
});
