import { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  type CfnStage,
  DomainName,
  HttpApi,
  HttpMethod,
  type HttpRoute,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, LogGroup } from 'aws-cdk-lib/aws-logs';
import { ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayv2DomainProperties } from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import type { PipelineEnvironment } from '../environments.ts';
import { acceptFindings } from './accepted-findings.ts';
import { throttledMetric } from './stage-metrics.ts';

/**
 * The logged fields of a request. The path holds the token of an ingest URL, so every form of it
 * that API Gateway offers is left out. The route key names the route without the token.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
 */
const accessLogFields = {
  time: '$context.requestTime',
  request_id: '$context.requestId',
  route: '$context.routeKey',
  ip: '$context.identity.sourceIp',
  status: '$context.status',
  response_ms: '$context.responseLatency',
  integration_ms: '$context.integrationLatency',
  integration_error: '$context.integrationErrorMessage',
};

/**
 * For all links of sources together: a page asks every five seconds, and 50 people may look at once.
 * The function bounds each link.
 */
const linkThrottle = { requestsPerSecond: 10, burst: 40 };
const linkRoute = '/v1/links/{token+}';

/**
 * The public door: a route to ingest, two to the REST API and one to the page of a source, with
 * throttles of their own, so that a sync through the API, or a page that is asked for too often,
 * cannot crowd out events. Any method: the functions answer wrong ones in their own form.
 */
export class IngestApi extends Construct {
  readonly api: HttpApi;
  /** Without a path: `https://events.example.com`. */
  readonly url: string;

  constructor(
    scope: Construct,
    id: string,
    { ingest, rest, senderPage }: Record<'ingest' | 'rest' | 'senderPage', IFunction>,
    environment: PipelineEnvironment,
  ) {
    super(scope, id);
    this.api = new HttpApi(this, 'Api', {
      apiName: `signalbox-${environment.name}`,
      description: `Where Signalbox's ${environment.name} environment takes events and calls of its API`,
      createDefaultStage: false,
    });
    acceptFindings(this.api, {
      'AwsSolutions-APIG4':
        "Senders can only sign the body: ingest checks the URL's token and the signature, the API's function checks keys, and that of the page a link's token.",
    });
    this.api.addRoutes({
      // Greedy: some forms add a slash after the token, which must not end in the gateway's own
      // 404.
      path: '/v1/sources/{source}/{token+}',
      methods: [HttpMethod.ANY],
      integration: new HttpLambdaIntegration('Ingest', ingest),
    });
    // Everything else below /v1, and method calls at the URL of a source: the gateway prefers a full
    // match, then the longer of two greedy ones.
    const toRest = new HttpLambdaIntegration('Rest', rest);
    const restRoutes = ['/v1/{proxy+}', '/v1/sources/{source}/{token}/rpc'].flatMap((path) =>
      this.api.addRoutes({ path, methods: [HttpMethod.ANY], integration: toRest }),
    );
    const linkRoutes = this.api.addRoutes({
      // Greedy: mail programs add to links, and such a link must not end in the REST API.
      path: linkRoute,
      methods: [HttpMethod.ANY],
      integration: new HttpLambdaIntegration('SenderPage', senderPage),
    });
    const accessLog = new LogGroup(this, 'AccessLog', {
      // Log groups below this prefix do not use up the account's policy for log deliveries.
      // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
      logGroupName: `/aws/vendedlogs/signalbox/${environment.name}/access`,
      retention: environment.functionLogRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // What the gateway refuses reaches no function that could count it, and its own metric has only
    // all 4xx together.
    accessLog.addMetricFilter('Throttled', {
      // Without pages of sources: no event waits for one.
      filterPattern: FilterPattern.all(
        FilterPattern.stringValue('$.status', '=', '429'),
        FilterPattern.stringValue('$.route', '!=', `ANY ${linkRoute}`),
      ),
      ...throttledMetric(environment.name),
    });
    const domain = environment.customDomain && this.#domain(environment.customDomain);
    const stage = new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: environment.throttle.requestsPerSecond, burstLimit: environment.throttle.burst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(accessLog),
        format: AccessLogFormat.custom(JSON.stringify(accessLogFields)),
      },
      // The name that API Gateway assigned keeps working, so that URLs given out earlier do.
      ...(domain && { domainMapping: { domainName: domain } }),
    });
    this.#throttleRoutes(stage, [
      [restRoutes, environment.apiThrottle],
      [linkRoutes, linkThrottle],
    ]);
    this.url = environment.customDomain ? `https://${environment.customDomain.domainName}` : this.api.apiEndpoint;
  }

  /** A route's settings replace the default ones whole, and need the route to be there first. */
  #throttleRoutes(
    stage: HttpStage,
    throttled: [routes: HttpRoute[], throttle: PipelineEnvironment['apiThrottle']][],
  ): void {
    const settings = throttled.flatMap(([routes, { requestsPerSecond, burst }]) =>
      routes.map((route) => ({
        route,
        settings: { ThrottlingRateLimit: requestsPerSecond, ThrottlingBurstLimit: burst },
      })),
    );
    for (const { route } of settings) stage.node.addDependency(route);
    (stage.node.defaultChild as CfnStage).routeSettings = Object.fromEntries(
      settings.map(({ route, settings }) => [`ANY ${route.path}`, settings]),
    );
  }

  #domain({ domainName, certificateArn, hostedZone }: NonNullable<PipelineEnvironment['customDomain']>): DomainName {
    const domain = new DomainName(this, 'Domain', {
      domainName,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
    });
    if (hostedZone !== undefined) {
      new ARecord(this, 'DomainRecord', {
        zone: HostedZone.fromHostedZoneAttributes(this, 'Zone', {
          hostedZoneId: hostedZone.id,
          zoneName: hostedZone.name,
        }),
        recordName: domainName,
        target: RecordTarget.fromAlias(
          new ApiGatewayv2DomainProperties(domain.regionalDomainName, domain.regionalHostedZoneId),
        ),
      });
    }
    return domain;
  }
}
