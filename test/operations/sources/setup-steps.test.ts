import { describe, expect, test } from '@jest/globals';
import { stepParts } from '../../../shared/operations/sources/setup-steps.ts';
import { sourceGuides } from '../../../shared/operations/sources/source-guides.ts';

const names = { key: 'shop', environment: 'staging' };
const guides = await sourceGuides();

describe('the parts of a step', () => {
  test('leave the URL out, and lead to the secret in place of its command', () => {
    expect(stepParts('Copy it, with `whsec_`, and set it: `npx signalbox secrets set {key}`.', names)).toEqual([
      { kind: 'text', text: 'Copy it, with ' },
      { kind: 'code', text: 'whsec_' },
      { kind: 'text', text: ', and set it: ' },
      { kind: 'place', place: 'secret' },
      { kind: 'text', text: '.' },
    ]);
    expect(stepParts('URL: {url}/rpc', names)).toEqual([
      { kind: 'text', text: 'URL: ' },
      { kind: 'url' },
      { kind: 'text', text: '/rpc' },
    ]);
    expect(stepParts('Look: `npx signalbox events --source {key}` in {environment}', names)).toEqual([
      { kind: 'text', text: 'Look: ' },
      { kind: 'code', text: 'npx signalbox events --source shop' },
      { kind: 'text', text: ' in staging' },
    ]);
  });

  test('keep the lines of an example together, apart from the text before it', () => {
    expect(stepParts('Read it as `preprocess.…`:\n```yaml\nkind: http\nname: {key}\n```', names)).toEqual([
      { kind: 'text', text: 'Read it as ' },
      { kind: 'code', text: 'preprocess.…' },
      { kind: 'text', text: ':\n' },
      { kind: 'block', text: 'kind: http\nname: shop' },
    ]);
  });

  test.each(guides.map(({ kind, guide }) => [kind.id, guide] as const))(
    'of %s ask for no command where the page has a place for it, and hold no mark that was not filled',
    (_id, { setup }) => {
      for (const step of setup)
        for (const part of stepParts(step, names)) {
          if (!('text' in part)) continue;
          if (part.kind === 'code') expect(part.text).not.toContain('\n');
          expect(part.text).not.toMatch(/\{(url|key|environment)\}|secrets set|sources add|settings set/);
        }
    },
  );
});
