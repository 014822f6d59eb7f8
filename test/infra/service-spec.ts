import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';

/* Imported once per worker: it is packed, and takes half a second to read. */

/** AWS's own model of all CloudFormation resources. */
export const spec = loadAwsServiceSpecSync();
