import { Rule, type Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { acceptFindings } from './accepted-findings.ts';
import type { PipelineFunction } from './pipeline-function.ts';

/** Calls a function at the times of a schedule. Lambda tries it again twice when it throws. */
export function callAt(
  scope: Construct,
  id: string,
  { called, schedule, description }: { called: PipelineFunction; schedule: Schedule; description: string },
): void {
  const rule = new Rule(scope, id, { description, schedule, targets: [new LambdaFunction(called.lambda)] });
  acceptFindings(rule, {
    'Serverless-EventBusDLQ':
      'A call that is lost would be of no use later: the next one does its work too, and an alarm tells of calls that fail.',
  });
}
