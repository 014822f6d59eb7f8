import { describePayloads } from './real-payloads.ts';

const pageview = {
  type: '$pageview',
  user: 'edad9282-25d0-4cf1-af0e-415535ee1161',
  key: '9d67cc3f-edf7-490d-b311-f03c21c64caf',
  at: '2024-09-16T16:11:48.577Z',
};

describePayloads('posthog', 'posthog', {
  'knock-template-all-properties.json': { events: [pageview] },
  'knock-template-minimal.json': { events: [pageview] },
  'webhook-default-body.json': {
    events: [{ type: 'event-name', user: 'distinct-id', key: 'event-id', at: '2024-01-01T00:00:00.000Z' }],
  },
});
