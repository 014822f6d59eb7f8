import type { ResourceNames, Stack, TemplateObject } from '../template.ts';

/**
 * A type of CloudFormation resource that runs here: one file of this folder and one line in
 * index.ts each. `Resource` is the type's reading of the template's properties, with all names and
 * addresses resolved. `Host` is what it needs to start: each file names its own part of the running
 * stack (stack-host.ts).
 */
export type ResourceType<Resource, Host = unknown> = {
  /** `AWS::SQS::Queue` */
  type: string;
  /**
   * A resource's answers to `Ref` and `Fn::GetAtt`. Its properties are as in the template,
   * unresolved.
   */
  names(resource: UnreadResource, at: LocalAddresses): ResourceNames;
  /** @throws Error, or ZodError, that names the property that cannot run here */
  read(properties: TemplateObject, names: ResourceNames, stack: Stack): Resource;
  /**
   * Starts it. Types start in the order of their listing.
   * @throws Error when it cannot start, or names a missing resource
   */
  start(resource: Resource, host: Host): void | Promise<void>;
};

/** Any type. Only the type that read the properties can start the result. */
export type AnyResourceType = Omit<ResourceType<never>, 'read'> & {
  read(...read: Parameters<ResourceType<never>['read']>): unknown;
};

export type UnreadResource = { stackName: string; id: string; properties: TemplateObject };

/** Addresses of the emulators on this machine. */
export type LocalAddresses = { queueUrl(name: string): string; gatewayUrl: string };

export const region = 'us-east-1';
export const accountId = '000000000000';

export function arnOf(service: string, name: string): string {
  return `arn:aws:${service}:${region}:${accountId}:${name}`;
}

/** The name in the property, else one such as CloudFormation generates. */
export function nameGiven(property: string, { stackName, id, properties }: UnreadResource): string {
  const value = properties[property];
  return typeof value === 'string' ? value : generatedName({ stackName, id });
}

export function generatedName({ stackName, id }: Pick<UnreadResource, 'stackName' | 'id'>): string {
  return `${stackName}-${id}`;
}

/** @param attributes answers to `Fn::GetAtt` */
export function namesOf(ref: string, attributes: Record<string, string> = {}): ResourceNames {
  return { ref, attribute: (name) => (Object.hasOwn(attributes, name) ? attributes[name] : undefined) };
}

/**
 * `arn:aws:lambda:us-east-1:000000000000:function:name`, also inside the gateway's longer ARN, or a
 * bare name.
 */
export function functionNameFromArn(text: string): string {
  return /:function:([^:/]+)/.exec(text)?.[1] ?? text;
}
