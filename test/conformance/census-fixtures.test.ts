import { describePayloads } from './real-payloads.ts';

describePayloads('census', 'census', {
  'custom-destination-sync-batch.json': {
    events: [{ refused: 'event_invalid', detail: 'jsonrpc: a method call' }],
  },
  'sync-completed-2.json': { events: [{ type: 'sync.completed' }] },
  'sync-started-1.json': { events: [{ type: 'sync.started' }] },
});
