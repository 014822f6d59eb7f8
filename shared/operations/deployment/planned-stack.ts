/** The parts of a CloudFormation template that a preflight reads. */
export type PlannedTemplate = {
  Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
};

/** What a synthesized stack would need and make: names that must be free, and shares of the account. */
export type PlannedStack = {
  name: string;
  environment: string;
  /** Absent: those of the credentials. */
  account?: string;
  region?: string;
  /** Whether CDK will protect it from deletion once it exists. */
  terminationProtection: boolean;
  /** Where `cdk bootstrap` left its version, and the least one that the template needs. Absent: none. */
  bootstrap?: { parameter: string; version: number };
  /** Concurrency that functions reserve, by logical id. */
  reserved: Record<string, number>;
  /** The most calls that all queues' pollers make at once, besides what is reserved. */
  pollersAtOnceMax: number;
  queues: string[];
  logGroups: string[];
  secrets: string[];
  /** Logical ids: CloudFormation completes their names, `STACK-ID-SUFFIX`. */
  tables: string[];
};

export function plannedStack(
  stack: Pick<PlannedStack, 'name' | 'environment' | 'account' | 'region' | 'terminationProtection' | 'bootstrap'>,
  { Resources }: PlannedTemplate,
): PlannedStack {
  const ofType = (type: string) => Object.entries(Resources).filter(([, resource]) => resource.Type === type);
  const named = (type: string, property: string) =>
    ofType(type).flatMap(([, { Properties }]) =>
      typeof Properties[property] === 'string' ? [String(Properties[property])] : [],
    );
  const functions = ofType('AWS::Lambda::Function');
  const reserved = Object.fromEntries(
    functions.flatMap(([id, { Properties }]) =>
      typeof Properties.ReservedConcurrentExecutions === 'number'
        ? [[id, Properties.ReservedConcurrentExecutions]]
        : [],
    ),
  );
  const pollers = ofType('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => {
    const { MaximumConcurrency } = (Properties.ScalingConfig ?? {}) as { MaximumConcurrency?: number };
    return MaximumConcurrency ?? 0;
  });
  return {
    ...stack,
    reserved,
    pollersAtOnceMax: pollers.reduce((sum, atOnce) => sum + atOnce, 0),
    queues: named('AWS::SQS::Queue', 'QueueName'),
    logGroups: named('AWS::Logs::LogGroup', 'LogGroupName'),
    secrets: named('AWS::SecretsManager::Secret', 'Name'),
    tables: ofType('AWS::DynamoDB::Table').map(([id]) => id),
  };
}
