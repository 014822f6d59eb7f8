/** Types that a local run leaves out, and why that makes no visible difference. */
export const harmlessTypes = new Map([
  ...['Role', 'Policy', 'ManagedPolicy'].map((name) => [`AWS::IAM::${name}`, 'permissions are not checked'] as const),
  ['AWS::Lambda::Permission', 'permissions are not checked'],
  ['AWS::SQS::QueuePolicy', 'permissions are not checked'],
  ['AWS::SecretsManager::ResourcePolicy', 'permissions are not checked'],
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
