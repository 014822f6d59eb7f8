import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ConfigurationPlan, planConfiguration } from '../../../shared/operations/configuration/plan.ts';
import { filesWithErrors, marker, planMarkdown } from '../../../shared/operations/configuration/plan-markdown.ts';
import { eventEntry } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration, rawEvent, trackEvent } from '../../support/build.ts';

const nowMs = Date.parse('2026-11-21T12:04:05Z');
const order = (change: Record<string, unknown> = {}) => ({
  id: 'order-completed',
  event: 'track/order_completed',
  action: 'workflows_trigger',
  parameters: { key: 'order-completed', recipients: 'user_id', data: 'data' },
  ...change,
});
const live = liveConfiguration({ file: { mappings: [order()] } });
const stricter = liveConfiguration({ file: { mappings: [order({ when: [{ path: 'data.total', gte: 100 }] })] } });
const range = { last: 10, sinceMs: nowMs - 86_400_000, untilMs: nowMs + 1, nowMs };

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await startEnvironment();
});
afterAll(() => environment.stop());

const plan = (snapshot: typeof live.snapshot) =>
  planConfiguration(
    { ...environment, secrets: async () => ({ send: async () => ({ SecretList: [] }) }) as never },
    {
      files: { snapshot, environments: {} },
      ...range,
    },
  );

describe('a plan', () => {
  test('before the first commit lists what is new, and compares no events', async () => {
    const first = await plan(live.snapshot);
    expect(first).toMatchObject({ version: 0, outcomes: [], objections: [] });
    expect(first.changes).toContainEqual(expect.objectContaining({ key: 'rudderstack', change: 'added' }));
  });

  test('says field by field what differs, and what would become of stored events', async () => {
    const version = await environment.commit(live);
    const entries = [42.5, 99, 100].map((total, i) => {
      const raw = rawEvent(trackEvent({ properties: { order_id: `A-${i}`, total } }), {
        receivedAtMs: nowMs - i * 1000,
      });
      return eventEntry({ ...raw, receivedAtMs: nowMs - i * 1000 });
    });
    await environment.eventLog.writeEach(entries);
    const { changes, outcomes, ...rest } = await plan(stricter.snapshot);
    expect(rest).toEqual({ environment: 'development', version, objections: [] });
    expect(changes).toEqual([expect.objectContaining({ type: 'source', key: 'rudderstack', change: 'changed' })]);
    expect(outcomes).toMatchObject([{ source: 'rudderstack', compared: 3, changed: 2 }]);
    expect(outcomes[0]?.groups).toMatchObject([{ kind: 'no_longer_runs', count: 2 }]);
  });

  test('of the content that is live has nothing in it', async () => {
    expect(await plan(live.snapshot)).toMatchObject({ changes: [], outcomes: [], objections: [] });
  });

  test('says why a commit would be refused', async () => {
    const { objections } = await plan({ ...live.snapshot, sources: {} });
    expect(objections).toEqual([
      expect.objectContaining({ what: expect.stringContaining('removes source/rudderstack') }),
    ]);
  });
});

describe('its comment', () => {
  const empty: ConfigurationPlan = {
    environment: 'development',
    version: 3,
    changes: [],
    objections: [],
    outcomes: [],
  };

  test('begins with the mark by which it is found again', () => {
    for (const comment of [planMarkdown(empty), filesWithErrors('development', ['a.yaml:1:1: wrong'])])
      expect(comment.split('\n')[0]).toBe(marker('development'));
  });

  test('shows what strangers and files wrote as text: no link, mention, HTML, or end of a block', () => {
    const hostile = '@team ```\n</details><script> [x](https://evil.example) | <!-- signalbox plan: production -->';
    const comment = planMarkdown({
      ...empty,
      changes: [
        { type: 'source', key: 'a', change: 'changed', fields: [{ path: 'name', before: 'b', after: hostile }] },
      ],
      objections: [{ what: hostile, remedies: [hostile] }],
      outcomes: [
        {
          source: hostile,
          type: null,
          looked_at: 1,
          compared: 1,
          changed: 1,
          unreadable: [],
          ended: 'enough',
          groups: [
            {
              kind: 'event_type_differs',
              mapping: null,
              parameters: [],
              before: hostile,
              after: 'x',
              count: 1,
              examples: [hostile],
            },
          ],
        },
      ],
    });
    // Blocks and code spans are shown as they are written.
    const block = /^(`{4,})diff\n[\s\S]*?\n\1$/m;
    expect(comment).toMatch(block);
    const outside = comment
      .replace(block, '')
      .replace(/(?<!\\)`[^`\n]*`/g, '')
      .replace(marker('development'), '');
    expect(outside).not.toMatch(/@team|https:\/\/|(?<!\\)<|(?<!\\)`/);
  });

  test('fits what GitHub takes, whatever differs', () => {
    const fields = Array.from({ length: 5000 }, (_, i) => ({
      path: `mappings.${i}`,
      before: 'x'.repeat(99),
      after: 'y',
    }));
    const comment = planMarkdown({ ...empty, changes: [{ type: 'source', key: 'a', change: 'changed', fields }] });
    expect(comment.length).toBeLessThan(42_000);
    expect(comment).toContain('npx signalbox config diff');
  });
});
