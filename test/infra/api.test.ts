import { describe, expect, test } from '@jest/globals';
import { environments } from '../../infra/environments.ts';
import { functionsOf, only, referred, resource, resourcesOf, templateOf } from './templates.ts';

const production = templateOf('production');

describe('the gateway', () => {
  // The functions themselves answer other methods: the gateway's own answer would be 404, as for an unknown URL.
  test('has a route to ingest, two to the REST API and one to pages of sources, for every method', () => {
    const targetOf = (target: { 'Fn::Join': [string, unknown[]] }) => {
      const integration = resource(production, referred(target['Fn::Join'][1].at(-1)));
      expect(integration.Properties.PayloadFormatVersion).toBe('2.0');
      return referred(integration.Properties.IntegrationUri);
    };
    const routes = resourcesOf(production, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties);
    expect(routes.map(({ RouteKey, Target }) => [RouteKey, targetOf(Target)])).toEqual([
      ['ANY /v1/sources/{source}/{token+}', functionsOf(production).ingest?.id],
      ['ANY /v1/{proxy+}', functionsOf(production).api?.id],
      ['ANY /v1/sources/{source}/{token}/rpc', functionsOf(production).api?.id],
      ['ANY /v1/links/{token+}', functionsOf(production)['sender-page']?.id],
    ]);
  });

  // CloudFormation makes a stage whose settings name a route only when the route is there.
  test.each(environments)(
    'limits calls of the REST API, and views of pages, apart from events in $name',
    ({ name, apiThrottle }) => {
      const template = templateOf(name);
      const [, stage] = resourcesOf(template, 'AWS::ApiGatewayV2::Stage')[0] ?? [];
      const ofRest = ['ANY /v1/{proxy+}', 'ANY /v1/sources/{source}/{token}/rpc'];
      const limits = {
        ThrottlingRateLimit: apiThrottle.requestsPerSecond,
        ThrottlingBurstLimit: apiThrottle.burst,
      };
      const ofLinks = 'ANY /v1/links/{token+}';
      expect(stage?.Properties.RouteSettings).toEqual({
        ...Object.fromEntries(ofRest.map((key) => [key, limits])),
        [ofLinks]: { ThrottlingRateLimit: 10, ThrottlingBurstLimit: 40 },
      });
      for (const key of [...ofRest, ofLinks]) {
        const routes = resourcesOf(template, 'AWS::ApiGatewayV2::Route');
        const [route] = routes.find(([, { Properties }]) => Properties.RouteKey === key) ?? [];
        expect(stage?.DependsOn).toContain(route);
      }
    },
  );

  test.each(environments)('is throttled in $name', ({ name, throttle }) => {
    const stage = only(templateOf(name), 'AWS::ApiGatewayV2::Stage');
    expect(stage.Properties.DefaultRouteSettings).toEqual({
      ThrottlingRateLimit: throttle.requestsPerSecond,
      ThrottlingBurstLimit: throttle.burst,
    });
  });

  // A page that is asked for too often costs no sender anything, and must wake no person.
  test('counts what it throttles, but for pages of sources', () => {
    const [, filter] = resourcesOf(production, 'AWS::Logs::MetricFilter')[0] ?? [];
    expect(filter?.Properties.FilterPattern).toBe('{ ($.status = "429") && ($.route != "ANY /v1/links/{token+}") }');
  });

  test('keeps concurrency for ingest in production, so that no consumer can make it refuse events', () => {
    expect(functionsOf(production).ingest?.properties.ReservedConcurrentExecutions).toBe(200);
    expect(functionsOf(templateOf('development')).ingest?.properties.ReservedConcurrentExecutions).toBeUndefined();
  });

  test('logs requests by route, never the path, which holds the token', () => {
    const stage = only(production, 'AWS::ApiGatewayV2::Stage');
    const format = JSON.parse(stage.Properties.AccessLogSettings.Format);
    expect(Object.values(format).sort()).toEqual([
      '$context.identity.sourceIp',
      '$context.integrationErrorMessage',
      '$context.integrationLatency',
      '$context.requestId',
      '$context.requestTime',
      '$context.responseLatency',
      '$context.routeKey',
      '$context.status',
    ]);
    const log = resource(production, referred(stage.Properties.AccessLogSettings.DestinationArn));
    expect(log.Properties.RetentionInDays).toBe(90);
  });
});

describe('a custom domain', () => {
  const customDomain = {
    domainName: 'events.example.com',
    certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555',
  };

  test('is the base of the ingest URLs, and the assigned name keeps working', () => {
    const template = templateOf('production', { customDomain });
    expect(template.Outputs.IngestUrl?.Value).toBe('https://events.example.com');
    const mapping = only(template, 'AWS::ApiGatewayV2::ApiMapping');
    expect(mapping.Properties).toMatchObject({ Stage: '$default' });
    expect(mapping.Properties.ApiMappingKey).toBeUndefined();
    for (const [, api] of resourcesOf(template, 'AWS::ApiGatewayV2::Api'))
      expect(api.Properties.DisableExecuteApiEndpoint).toBeUndefined();
  });

  test('gets its DNS record from the stack when the hosted zone is given, and none when it is not', () => {
    const hostedZone = { id: 'Z0123456789', name: 'example.com' };
    const record = only(
      templateOf('production', { customDomain: { ...customDomain, hostedZone } }),
      'AWS::Route53::RecordSet',
    );
    expect(record.Properties).toMatchObject({ Name: 'events.example.com.', Type: 'A', HostedZoneId: 'Z0123456789' });
    expect(() => resourcesOf(templateOf('production', { customDomain }), 'AWS::Route53::RecordSet')).toThrow('has no');
  });

  test('without one, the URL is the one that API Gateway assigns', () => {
    expect(production.Outputs.IngestUrl?.Value).toEqual({ 'Fn::GetAtt': [expect.any(String), 'ApiEndpoint'] });
  });
});
