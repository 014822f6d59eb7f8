import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { defined } from '../shared/core/defined.ts';
import { environmentNamed, environments } from './environments.ts';
import { PipelineStack } from './pipeline-stack.ts';

export type AppOptions = {
  /** Folder for templates and bundles. Absent: the CDK CLI's, else a new temporary folder. */
  outdir?: string;
  /** Names from `environments.ts`. Absent: the environment in the context, else all. */
  environments?: readonly string[];
  /** Added to cdk.json and the CLI's `-c`. */
  context?: Record<string, unknown>;
};

/**
 * The app of `npx cdk`, of the local runtime and of the stack tests: one stack per environment.
 * @throws Error when an environment is unknown
 */
export function buildApp({ outdir, environments: names, context }: AppOptions = {}): App {
  // The CDK CLI passes cdk.json's context itself. The other callers need its feature flags too, or
  // their template would differ from the deployed one.
  const cdkJson = JSON.parse(readFileSync(new URL('../cdk.json', import.meta.url), 'utf8'));
  const app = new App(defined({ outdir, context: cdkJson.context, postCliContext: context }));
  const chosen: unknown = app.node.tryGetContext('environment');
  const wanted = names ?? (chosen === undefined ? environments.map(({ name }) => name) : [String(chosen)]);
  for (const name of wanted) new PipelineStack(app, environmentNamed(name));
  return app;
}
