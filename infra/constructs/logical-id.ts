import type { CfnElement, Resource } from 'aws-cdk-lib';

/**
 * Fixes the name by which CloudFormation knows a resource that holds data. Left to CDK, the name follows from where the
 * construct sits in the tree, and moving it would make CloudFormation replace an event log by an empty one.
 */
export function keepLogicalId(resource: Resource, logicalId: string): void {
  (resource.node.defaultChild as CfnElement).overrideLogicalId(logicalId);
}
