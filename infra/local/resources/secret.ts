import * as z from 'zod';
import { GenerateSecretString } from '../secret-string.ts';
import { arnOf, nameGiven, namesOf, type ResourceType } from './resource-type.ts';

export type SecretResource = {
  name: string;
  description: string | undefined;
  value: { text: string } | { generate: GenerateSecretString };
};

const Properties = z.object({
  Name: z.string(),
  Description: z.string().optional(),
  SecretString: z.string().optional(),
  GenerateSecretString: GenerateSecretString.optional(),
});

export const secret: ResourceType<SecretResource, { secrets: { ensure(definition: SecretResource): void } }> = {
  type: 'AWS::SecretsManager::Secret',
  names(resource) {
    const arn = arnOf('secretsmanager', `secret:${nameGiven('Name', resource)}`);
    return namesOf(arn, { Id: arn });
  },
  read(properties) {
    const { Name, Description, SecretString, GenerateSecretString: generate } = Properties.parse(properties);
    return {
      name: Name,
      description: Description,
      value:
        SecretString === undefined ? { generate: generate ?? GenerateSecretString.parse({}) } : { text: SecretString },
    };
  },
  start: (resource, { secrets }) => secrets.ensure(resource),
};
