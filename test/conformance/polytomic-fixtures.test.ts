import { describePayloads } from './real-payloads.ts';

describePayloads('polytomic', 'polytomic', {
  'sync-records.json': {
    file: { user_id_path: 'body.fields.email' },
    events: [
      {
        type: 'sync.records',
        user: 'nathan@polytomic.com',
        key: '1ea8f90a-b22e-4218-86d5-c3c109e1fbb7:b7421c6c57bd49f7',
      },
    ],
  },
});
