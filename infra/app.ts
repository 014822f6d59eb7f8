import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { environmentNamed, environments } from './environments.ts';
import { PipelineStack } from './pipeline-stack.ts';

export type AppOptions = {
  /** Where the templates and bundles go. Absent: where the CDK CLI says, else a new temporary folder. */
  outdir?: string;
  /** Names from `environments.ts`. Absent: the one that the context names, else all. */
  environments?: readonly string[];
  /** On top of cdk.json and the CLI's `-c`. */
  context?: Record<string, unknown>;
};

/**
 * The app of `npx cdk`, of the local runtime and of the stack tests: one stack per environment.
 * @throws Error when an environment is unknown
 */
export function buildApp({ outdir, environments: names, context }: AppOptions = {}): App {
  // The CLI hands over cdk.json's context by itself; the others must have its feature flags too, or they would see
  // another template than the one that is deployed.
  const cdkJson = JSON.parse(readFileSync(new URL('../cdk.json', import.meta.url), 'utf8'));
  const app = new App({ outdir, context: cdkJson.context, postCliContext: context });
  const chosen: unknown = app.node.tryGetContext('environment');
  const wanted = names ?? (chosen === undefined ? environments.map(({ name }) => name) : [String(chosen)]);
  for (const name of wanted) new PipelineStack(app, environmentNamed(name));
  return app;
}
