import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import type { App } from 'aws-cdk-lib';
import { buildApp } from '../../infra/app.ts';
import { usualContext } from './usual-context.ts';

// CDK's own rules take most of a synthesis; rules.long.test.ts holds the stacks to them.
process.env.CDK_VALIDATION = 'false';

const folder = mkdtempSync(join(tmpdir(), 'signalbox-synth-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A new folder to synthesize into, gone after the tests. */
export function newOutdir(): string {
  return mkdtempSync(join(folder, 'out-'));
}

/** An app without stacks. Tests that need no construct take a template instead, which is ten times as fast: templates.ts. */
export function emptyApp(context: Record<string, unknown> = {}): App {
  return buildApp({ outdir: newOutdir(), environments: [], context: { ...usualContext, ...context } });
}
