import type { CfnElement, Resource } from 'aws-cdk-lib';

/**
 * Fixes CloudFormation's name of a resource that holds data. CDK would derive the name from the
 * construct's place in the tree, and moving the construct would make CloudFormation replace an
 * event log by an empty one.
 */
export function keepLogicalId(resource: Resource, logicalId: string): void {
  (resource.node.defaultChild as CfnElement).overrideLogicalId(logicalId);
}
