import type { ResourceNames, Stack, TemplateObject } from '../template.ts';

/**
 * A type of CloudFormation resource that runs here: one file of this folder and one line in index.ts each. `Resource` is what the
 * type makes of the properties in the template, with every name and address in it resolved. `Host` is what it needs to start:
 * each file names its own part of the running stack (stack-host.ts).
 */
export type ResourceType<Resource, Host = unknown> = {
  /** `AWS::SQS::Queue` */
  type: string;
  /** What a resource answers to `Ref` and `Fn::GetAtt`. Its properties are as the template has them, not resolved. */
  names(resource: UnreadResource, at: LocalAddresses): ResourceNames;
  /** @throws Error, or ZodError, that says which property cannot be run here */
  read(properties: TemplateObject, names: ResourceNames, stack: Stack): Resource;
  /**
   * Brings it up. Types start in the order of their listing.
   * @throws Error when it cannot be brought up, or names a resource that is not there
   */
  start(resource: Resource, host: Host): void | Promise<void>;
};

/** Any of them: what one makes of its properties, only it can start. */
export type AnyResourceType = Omit<ResourceType<never>, 'read'> & {
  read(...read: Parameters<ResourceType<never>['read']>): unknown;
};

export type UnreadResource = { stackName: string; id: string; properties: TemplateObject };

/** Addresses of what stands in for AWS on this machine. */
export type LocalAddresses = { queueUrl(name: string): string; gatewayUrl: string };

export const region = 'us-east-1';
export const accountId = '000000000000';

export function arnOf(service: string, name: string): string {
  return `arn:aws:${service}:${region}:${accountId}:${name}`;
}

/** The name that the property gives, else one of the kind that CloudFormation makes up. */
export function nameGiven(property: string, { stackName, id, properties }: UnreadResource): string {
  const value = properties[property];
  return typeof value === 'string' ? value : generatedName({ stackName, id });
}

export function generatedName({ stackName, id }: Pick<UnreadResource, 'stackName' | 'id'>): string {
  return `${stackName}-${id}`;
}

/** @param attributes what `Fn::GetAtt` may ask for */
export function namesOf(ref: string, attributes: Record<string, string> = {}): ResourceNames {
  return { ref, attribute: (name) => (Object.hasOwn(attributes, name) ? attributes[name] : undefined) };
}

/** `arn:aws:lambda:us-east-1:000000000000:function:name`, also inside the gateway's longer ARN, or a bare name. */
export function functionNameFromArn(text: string): string {
  return /:function:([^:/]+)/.exec(text)?.[1] ?? text;
}
