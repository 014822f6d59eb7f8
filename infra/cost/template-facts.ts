import type { Template, TemplateObject, TemplateValue } from '../local/template.ts';

/** What a stack's template says about its costs and ceilings. */
export type TemplateFacts = {
  environment: string;
  throttle: { requestsPerSecond: number; burst: number };
  /** By the name of the folder under `functions/`. */
  functions: ReadonlyMap<string, FunctionFacts>;
  /** The pollers of queues. */
  consumers: ConsumerFacts[];
  /** By name in `table-definitions.ts`, with the names of their indexes. */
  tables: ReadonlyMap<string, string[]>;
  logShards: number;
  /** Days for which log lines are kept. */
  functionLogDays: number;
  /** The line that API Gateway writes for each request, with `$context` variables. */
  accessLogFormat: string;
  /** Metrics that alarms watch: the unit that alarms are billed by. */
  alarmMetrics: number;
  dashboards: number;
  secrets: number;
};

export type FunctionFacts = {
  memoryMb: number;
  timeoutSeconds: number;
  /** Absent: it shares the account's concurrency. */
  reservedConcurrency?: number;
  /** Whether X-Ray traces it. */
  isTraced: boolean;
};

export type ConsumerFacts = {
  /** The logical id, without CDK's hash: `EventsQueue`. */
  queue: string;
  function: string;
  batchSize: number;
  /** Absent: Lambda's own maximum. */
  maxConcurrency?: number;
};

/** @throws Error that names what the template lacks */
export function readTemplateFacts({ Resources, Outputs }: Template): TemplateFacts {
  const resources = Object.entries(Resources).map(([id, { Type, Properties }]) => ({ id, Type, Properties }));
  const of = (type: string) => resources.filter(({ Type }) => Type === type);
  const only = (type: string) => {
    const [first, ...others] = of(type);
    if (first === undefined || others.length > 0) throw new Error(`the template has not exactly one ${type}`);
    return first.Properties;
  };
  const propertiesOf = (reference: TemplateValue | undefined) => {
    const found = resources.find(({ id }) => id === referred(reference));
    if (found === undefined) throw new Error(`the template has no ${referred(reference)}`);
    return found.Properties;
  };
  const nameOfFunction = (properties: TemplateObject) => {
    const group = propertiesOf(object(properties.LoggingConfig).LogGroup).LogGroupName;
    return text(group).split('/').at(-1) ?? '';
  };

  const stage = only('AWS::ApiGatewayV2::Stage');
  const route = object(stage.DefaultRouteSettings);
  const accessLog = object(stage.AccessLogSettings);
  const lambdas = of('AWS::Lambda::Function').filter(({ Properties }) => Properties.LoggingConfig !== undefined);
  const functions = new Map(
    lambdas.map(({ Properties }): [string, FunctionFacts] => [
      nameOfFunction(Properties),
      {
        memoryMb: Number(Properties.MemorySize ?? 128),
        timeoutSeconds: Number(Properties.Timeout ?? 3),
        isTraced: object(Properties.TracingConfig ?? {}).Mode === 'Active',
        ...(Properties.ReservedConcurrentExecutions !== undefined && {
          reservedConcurrency: Number(Properties.ReservedConcurrentExecutions),
        }),
      },
    ]),
  );
  const consumers = of('AWS::Lambda::EventSourceMapping').map(({ Properties }): ConsumerFacts => {
    const { MaximumConcurrency } = object(Properties.ScalingConfig ?? {});
    return {
      queue: referred(Properties.EventSourceArn),
      function: nameOfFunction(propertiesOf(Properties.FunctionName)),
      batchSize: Number(Properties.BatchSize ?? 10),
      ...(MaximumConcurrency !== undefined && { maxConcurrency: Number(MaximumConcurrency) }),
    };
  });
  return {
    environment: text(Outputs.Environment?.Value),
    throttle: {
      requestsPerSecond: number(route.ThrottlingRateLimit, 'ThrottlingRateLimit'),
      burst: number(route.ThrottlingBurstLimit, 'ThrottlingBurstLimit'),
    },
    functions,
    consumers,
    tables: new Map(
      of('AWS::DynamoDB::Table').map(({ id, Properties }): [string, string[]] => [
        id,
        list(Properties.GlobalSecondaryIndexes ?? []).map((index) => text(object(index).IndexName)),
      ]),
    ),
    logShards: number(Outputs.LogShards?.Value, 'LogShards'),
    functionLogDays: number(propertiesOf(accessLog.DestinationArn).RetentionInDays, 'RetentionInDays'),
    accessLogFormat: text(accessLog.Format),
    alarmMetrics: of('AWS::CloudWatch::Alarm').reduce((sum, { Properties }) => sum + metricsOf(Properties), 0),
    dashboards: of('AWS::CloudWatch::Dashboard').length,
    secrets: of('AWS::SecretsManager::Secret').length,
  };
}

/** An alarm on an expression is billed for each metric that the expression uses. */
function metricsOf(alarm: TemplateObject): number {
  if (alarm.Metrics === undefined) return 1;
  return list(alarm.Metrics).filter((metric) => object(metric).MetricStat !== undefined).length;
}

/** The logical id that a Ref or Fn::GetAtt names. */
function referred(value: TemplateValue | undefined): string {
  const { Ref, 'Fn::GetAtt': attribute } = object(value);
  return text(Ref ?? (Array.isArray(attribute) ? attribute[0] : attribute));
}

function object(value: TemplateValue | undefined): TemplateObject {
  if (value === undefined || value === null || typeof value !== 'object' || Array.isArray(value))
    throw new Error(`the template has ${JSON.stringify(value)} where an object belongs`);
  return value;
}

function list(value: TemplateValue): TemplateValue[] {
  if (!Array.isArray(value)) throw new Error(`the template has ${JSON.stringify(value)} where a list belongs`);
  return value;
}

function text(value: TemplateValue | undefined): string {
  if (typeof value !== 'string') throw new Error(`the template has ${JSON.stringify(value)} where a text belongs`);
  return value;
}

function number(value: TemplateValue | undefined, name: string): number {
  const read = Number(value);
  if (value === undefined || Number.isNaN(read)) throw new Error(`the template gives no number for ${name}`);
  return read;
}
