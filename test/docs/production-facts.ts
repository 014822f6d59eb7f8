import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTemplateFacts, type TemplateFacts } from '../../infra/cost/template-facts.ts';
import { synthesize } from '../../infra/local/synthesize.ts';
import { readStacks } from '../../infra/local/template.ts';

/** What production's template says; pages show it. */
export async function productionFacts(): Promise<TemplateFacts> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-docs-'));
  try {
    await synthesize(folder, ['production']);
    const [stack] = readStacks(folder);
    if (stack === undefined) throw new Error('the app made no stack');
    return readTemplateFacts(stack.template);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
