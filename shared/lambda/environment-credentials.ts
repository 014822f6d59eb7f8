import { fromEnv } from '@aws-sdk/credential-provider-env';

/**
 * Stands in for `@aws-sdk/credential-provider-node` in function bundles. Lambda gives a function
 * its role's credentials in environment variables, so the SDK's other ways (profiles, single
 * sign-on, instance metadata) would only add 130 KB of code to each cold start.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
export const defaultProvider = () => fromEnv();
