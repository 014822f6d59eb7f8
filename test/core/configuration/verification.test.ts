import { expect, test } from '@jest/globals';
import { Verification } from '../../../shared/core/configuration/verification.ts';

const signedContent = (content: string) => ({
  kind: 'hmac',
  header: 'x-sig',
  content,
  ...(content.includes('{timestamp}') && { timestamp: { header: 'x-time' } }),
  ...(content.includes('{id}') && { id_header: 'x-id' }),
});

test.each([
  '{id}.{timestamp}.{body}',
  'v0:{id}:{timestamp}:{body}',
  '{body}|{id}',
  '{timestamp}{body}',
  '{body}',
  '{id}\n{body}',
])('a signature over %j is taken', (content) => {
  expect(Verification.safeParse(signedContent(content)).error?.issues).toBeUndefined();
});

// One text that two requests share is a signature that holds for both.
test.each([
  '{id}{timestamp}{body}',
  '{timestamp}{id}.{body}',
  '{timestamp}.{id}{body}',
  '{body}{id}',
  '{id}0{timestamp}.{body}',
])('a signature over %j is refused: the end of the id could be read as what follows', (content) => {
  const [issue] = Verification.safeParse(signedContent(content)).error?.issues ?? [];
  expect(issue).toMatchObject({ path: ['content'], message: expect.stringContaining('separator') });
});
