import { expect, test } from '@jest/globals';
import { buildApp } from '../../infra/app.ts';
import { newOutdir } from './apps.ts';
import { usualContext } from './usual-context.ts';

test('the app breaks no rule of CloudFormation that CDK knows, in any environment', () => {
  delete process.env.CDK_VALIDATION;
  // A finding is an error: cdk.json says so.
  expect(() => buildApp({ outdir: newOutdir(), context: usualContext }).synth()).not.toThrow();
});
