/** Types that a local run leaves out, and why that makes no visible difference. */
export const harmlessTypes = new Map([
  ['AWS::Lambda::Permission', 'only the policies of roles are checked'],
  ['AWS::SQS::QueuePolicy', 'only the policies of roles are checked'],
  ['AWS::SecretsManager::ResourcePolicy', 'only the policies of roles are checked'],
  ['AWS::KMS::Key', 'nothing is encrypted'],
  ['AWS::KMS::Alias', 'nothing is encrypted'],
  ...['LogGroup', 'MetricFilter', 'QueryDefinition', 'ResourcePolicy'].map(
    (name) => [`AWS::Logs::${name}`, 'logs go to the terminal'] as const,
  ),
  ...['Alarm', 'CompositeAlarm', 'Dashboard'].map(
    (name) => [`AWS::CloudWatch::${name}`, 'metrics are counted at /_local/metrics'] as const,
  ),
  ...['Topic', 'Subscription', 'TopicPolicy'].map(
    (name) => [`AWS::SNS::${name}`, 'a local run sends no alarms'] as const,
  ),
  ...['DomainName', 'ApiMapping'].map((name) => [`AWS::ApiGatewayV2::${name}`, 'the address is this machine'] as const),
  ['AWS::Route53::RecordSet', 'the address is this machine'],
  ['AWS::CertificateManager::Certificate', 'the address is this machine'],
  ['AWS::CDK::Metadata', 'it only describes the template'],
]);
