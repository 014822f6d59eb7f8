/**
 * Stands in for `@aws-sdk/endpoint-cache` in function bundles. It would keep the endpoints that a
 * client is told by its service. The DynamoDB client makes a cache and has no operation that uses it,
 * so it would only add 8 KB of code to each cold start.
 */
export class EndpointCache {}
