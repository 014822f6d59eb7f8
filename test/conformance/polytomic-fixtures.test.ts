import { describePayloads } from './real-payloads.ts';

describePayloads('polytomic', 'polytomic', {
  'sync-records.json': {
    file: { user_id_path: 'body.fields.email' },
    events: [
      {
        type: 'sync.records',
        user: 'nathan@polytomic.com',
      },
    ],
  },
});
