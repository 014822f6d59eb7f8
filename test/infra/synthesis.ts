import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { buildApp } from '../../infra/app.ts';
import type { ExpectedSources } from '../../infra/constructs/expected-sources.ts';
import { environmentNamed, type PipelineEnvironment } from '../../infra/environments.ts';
import { PipelineStack } from '../../infra/pipeline-stack.ts';
import type { WorkflowFile } from '../../shared/core/configuration/schema.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { configFolder } from '../support/config.ts';
import { usualContext } from './usual-context.ts';

/* Imported once per worker: CDK takes longer to load and to warm up than most tests take with its templates. */

process.env.CDK_VALIDATION = 'false';

export type TemplateOptions = {
  /** What the environment has otherwise than in the list. */
  changes: { [Key in keyof PipelineEnvironment]?: PipelineEnvironment[Key] | undefined };
  context: Record<string, unknown>;
  /** Absent: those of the frozen files. What runs go to in the files of this checkout is not what tests are about. */
  workflows: Record<string, WorkflowFile> | undefined;
  /** What sources are expected to send. Absent: nothing. */
  expected?: ExpectedSources | undefined;
};

const frozen = readConfigurationFiles(configFolder).snapshot.workflows;
const made = new Map<string, string>();

/** The template of an environment, or of one like it, as JSON. */
export function templateText(name: string, options: TemplateOptions): string {
  const key = JSON.stringify([name, options], (_, value) => value ?? null);
  const text = made.get(key) ?? synthesized(name, options);
  made.set(key, text);
  return text;
}

function synthesized(name: string, { changes, context, workflows = frozen, expected = {} }: TemplateOptions): string {
  const outdir = mkdtempSync(join(tmpdir(), 'signalbox-synth-'));
  try {
    const app = buildApp({ outdir, environments: [], context: { ...usualContext, ...context } });
    const environment = { ...environmentNamed(name), ...changes } as PipelineEnvironment;
    return JSON.stringify(Template.fromStack(new PipelineStack(app, environment, workflows, expected)).toJSON());
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
