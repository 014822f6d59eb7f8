import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { WorkflowFile } from '../../shared/core/configuration/schema.ts';
import { Target } from '../../shared/core/configuration/targets/index.ts';

const text = readFileSync(new URL('../../docs/targets.md', import.meta.url), 'utf8');
const types = Target.options.map(({ shape }) => shape.type.value);

describe('docs/targets.md', () => {
  test('explains every type of target, with an example that is valid', () => {
    const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) =>
      WorkflowFile.parse(parse(yaml ?? '')),
    );
    const shown = examples.flatMap(({ target }) => Object.values(target).map(({ type }) => type));
    expect(shown).toEqual(types);
    for (const type of types) expect(text).toContain(`\n## ${type}\n`);
  });

  test('shows messages that are JSON', () => {
    const messages = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => JSON.parse(json ?? ''));
    expect(messages.map(({ type }) => type)).toEqual(['workflow.run', 'workflow_run.cancelled']);
  });
});
