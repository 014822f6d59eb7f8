/** Context of stacks in tests. */
export const usualContext = {
  // Bundling takes time and changes nothing in a template but the names of its bundles.
  'aws:cdk:bundling-stacks': [],
  alarmEmail: 'on-call@example.com',
};
