import { describePayloads } from './real-payloads.ts';

/*
 * Webhooks of many services, each through a source of kind `http` with what its file has to say: where the type is,
 * else what an expression makes of the event.
 */

const typeAt = (event_type_path: string, rest: Record<string, unknown> = {}) => ({ event_type_path, ...rest });
const typeBy = (jsonata: string, rest: Record<string, unknown> = {}) => ({
  preprocess: { jsonata },
  event_type_path: 'preprocess.type',
  ...rest,
});

// A file holds the request: `{ method, headers, query, body }`.
const bodyOf = (file: string) => String(JSON.parse(file).body);

describePayloads(
  'generic-http',
  'http',
  {
    'adjust-1.json': {
      file: typeBy('{"type": "adjust." & (body.updated_at != body.created_at ? "updated" : "created")}', {
        timestamp_path: 'body.updated_at',
        idempotency_key_path: 'body.id',
      }),
      events: [{ type: 'adjust.updated', key: 'adjust', at: '2023-02-10T12:16:07.251Z' }],
    },
    'appcenter-1.json': {
      file: typeBy('{"type": "build." & $lowercase(body.build_status), "key": body.app_name & "#" & body.build_id}', {
        idempotency_key_path: 'preprocess.key',
        timestamp_path: 'body.sent_at',
      }),
      events: [{ type: 'build.broken', key: 'MSAppCenterTesting#2', at: '2021-03-02T16:52:35.884Z' }],
    },
    'appcenter-2.json': {
      file: typeBy('{"type": $exists(body.crash_count) ? "crash" : "build"}', { idempotency_key_path: 'body.id' }),
      events: [{ type: 'crash', key: '1139624368u' }],
    },
    'appsflyer-1.json': {
      file: typeAt('body.event_name', { user_id_path: 'body.customer_user_id', timestamp_path: 'body.event_time' }),
      events: [{ type: 'My Apps', user: 'hi.from@appsflyer.example.com', at: '2020-01-15T14:57:24.898Z' }],
    },
    'auth0-2.json': {
      // The id of the log is of 56 digits, as text.
      file: typeAt('body.data.type', { idempotency_key_path: 'body.log_id', timestamp_path: 'data.date' }),
      events: [
        {
          type: 'sapi',
          key: '90020221031055712103169676686007898566320991926665347090',
          at: '2022-10-31T05:57:06.874Z',
        },
      ],
    },
    'auth0-log-2.json': {
      file: { timestamp_path: 'body.date' },
      events: [{ type: 's', user: 'auth0|************************', at: '2020-07-10T07:43:07.766Z' }],
    },
    'auth0-log-3.json': {
      file: { timestamp_path: 'body.date' },
      events: [{ type: 'seacft', user: 'auth0|************************', at: '2020-07-10T07:43:09.620Z' }],
    },
    // The same log without its type.
    'auth0-log-4.json': { events: [{ rejected: 'event_type_missing' }] },
    // An empty list is a request without events.
    'braze-2.json': { events: [] },
    'canny-2.json': {
      file: { user_id_path: 'body.object.author.id', timestamp_path: 'body.created' },
      events: [{ type: 'post.created', user: '62d14c90fff7c80d0ec08375', at: '2022-07-28T10:52:46.294Z' }],
    },
    'close-crm-2.json': {
      file: typeBy('{"type": body.event.object_type & "." & body.event.action}', {
        user_id_path: 'body.event.user_id',
        idempotency_key_path: 'body.event.id',
        timestamp_path: 'body.event.date_created',
      }),
      events: [{ type: 'group.created', user: 'user_123', key: 'ev_123', at: '2024-06-13T03:53:33.917Z' }],
    },
    'cordial-1.json': {
      file: typeAt('body.event.action', { user_id_path: 'body.contact._id', idempotency_key_path: 'body.event._id' }),
      events: [
        { type: 'browse', user: '633b2fd70a12be027e0b0xxx', key: '66a0b2ce5344b55fxxxc5a64' },
        { type: 'browse', user: '633b2fd12312be027e0b0xxx', key: '66aku0b2ce527b55fx1xc5a64' },
      ],
    },
    'cordial-2.json': {
      file: typeAt('body.event.action', {
        user_id_path: 'body.event.cID',
        idempotency_key_path: 'body.event._id',
        timestamp_path: 'body.event.ts',
      }),
      events: [
        {
          type: 'browse',
          user: '6690fe3655e334xx028xxx',
          key: '669141857b8cxxx1ba0da2xx',
          at: '2024-07-12T14:45:25.000Z',
        },
      ],
    },
    'customerio-1.json': {
      file: typeBy('{"type": body.object_type & "." & body.metric}', {
        user_id_path: 'data.customer_id',
        idempotency_key_path: 'body.event_id',
      }),
      events: [
        {
          type: 'webhook.attempted',
          user: '0200102',
          key: '01E4TYA2KA9T0XGHCRJ784B774',
          at: '2020-04-01T13:18:54.000Z',
        },
      ],
    },
    'formsort-1.json': {
      file: typeBy('{"type": body.finalized ? "form.finalized" : "form.saved"}', {
        user_id_path: 'body.responder_uuid',
        timestamp_path: 'body.created_at',
      }),
      events: [{ type: 'form.saved', user: '66a8e5bb-67e1-47ec-b55f-a26fd4be2dc7', at: '2022-11-25T14:41:22.000Z' }],
    },
    'gainsightpx-1.json': {
      file: typeAt('body.event.eventType', {
        user_id_path: 'body.user.id',
        idempotency_key_path: 'body.event.eventId',
        timestamp_path: 'body.event.date',
      }),
      events: [
        {
          type: 'SURVEY',
          user: 'New!',
          key: 'c9883e3b-05d4-4f96-8b9c-e2ce10430493',
          at: '2020-09-28T14:24:35.964Z',
        },
      ],
    },
    'iterable-2.json': {
      file: typeAt('body.eventTitle', { user_id_path: 'body.email', timestamp_path: 'body.dataFields.createdAt' }),
      events: [{ type: 'smsReceived', user: 'test@ruddstack.com', at: '2016-12-05T22:51:25.000Z' }],
    },
    'mailjet-2.json': {
      // A number beyond 2^53: as text it is exact, and a key; as a number it would be neither.
      file: typeAt('body.event', {
        user_id_path: 'body.email',
        timestamp_path: 'body.time',
        idempotency_key_path: 'body.MessageID',
      }),
      events: [
        { type: 'bounce', user: 'test@rudderstack.com', key: '56013522696710744', at: '2022-09-29T09:36:10.000Z' },
      ],
    },
    'moengage-1.json': {
      file: typeBy('{"type": body.type & "/" & body.event}', { idempotency_key_path: 'body.messageId' }),
      events: [
        {
          type: 'track/Order Completed',
          user: 'rudder123',
          key: 'a0adfab9-baf7-4e09-a2ce-bbe2844c324a',
          at: '2020-10-16T08:10:12.791Z',
        },
      ],
    },
    'monday-2.json': {
      file: typeAt('body.event.type', {
        user_id_path: 'body.event.userId',
        idempotency_key_path: 'body.event.triggerUuid',
        timestamp_path: 'body.event.triggerTime',
      }),
      events: [
        {
          type: 'create_pulse',
          user: '33556506',
          key: '049869226bf6711705c62e301a2c3eee',
          at: '2022-08-30T09:02:39.191Z',
        },
      ],
    },
    'olark-1.json': {
      file: typeBy('{"type": $lowercase(body.kind) & "." & $lowercase(body.items[0].kind)}', {
        user_id_path: 'body.visitor.emailAddress',
        idempotency_key_path: 'body.id',
        timestamp_path: 'body.items.0.timestamp',
      }),
      events: [
        {
          type: 'conversation.offlinemessage',
          user: 'rudder14@gmail.com',
          key: 'ho6HrHxoabmm6q0G103JU0JFaor0BobA',
          at: '2022-11-24T11:15:32.567Z',
        },
      ],
    },
    'ortto-2.json': {
      file: typeBy('{"type": $substringAfter(body.activity.field_id, "::")}', {
        user_id_path: 'body.contact.external_id',
        idempotency_key_path: 'body.id',
        timestamp_path: 'body.time',
      }),
      events: [
        {
          type: 'test_webhook',
          user: 'user_x',
          key: '00651b946cef87c7af64f4f3',
          at: '2023-10-03T04:11:24.257Z',
        },
      ],
    },
    'pagerduty-1.json': {
      file: typeAt('body.event.event_type', {
        user_id_path: 'body.event.agent.id',
        idempotency_key_path: 'body.event.id',
        timestamp_path: 'body.event.occurred_at',
      }),
      events: [
        {
          type: 'incident.triggered',
          user: 'PXZZD2E',
          key: '01DEN0V2VIFEN5871PQGX72URP',
          at: '2022-12-07T10:56:52.337Z',
        },
      ],
    },
    // Nothing in it says what happened.
    'pipedream-1.json': { events: [{ rejected: 'event_type_missing' }] },
    'pipedream-2.json': { events: [{ type: 'alias', user: '12345' }] },
    'satismeter-1.json': {
      file: typeBy('{"type": "survey." & body.event, "who": [body.response.user.userId, body.response.id][0]}', {
        user_id_path: 'preprocess.who',
        idempotency_key_path: 'body.response.id',
        timestamp_path: 'body.response.created',
      }),
      events: [
        {
          type: 'survey.completed',
          user: '63767499ca6fb1b7c988d5bb',
          key: '63767499ca6fb1b7c988d5bb',
          at: '2022-11-17T17:51:21.764Z',
        },
      ],
    },
    'signl4-1.json': {
      file: typeAt('body.eventType', {
        user_id_path: 'body.user.id',
        idempotency_key_path: 'body.id',
        timestamp_path: 'body.eventRaisedUtc',
      }),
      events: [
        {
          type: '303',
          user: 'e31da15f-7e13-43f1-b4a5-1ce3b470a504',
          key: 'f56a6b59-1197-4e7d-8eca-8d21a4b57ec3',
          at: '2017-09-01T09:16:17.371Z',
        },
      ],
    },
    'webhook-3.json': {
      file: typeBy('{"type": $exists(body.prop1) ? "props" : null}'),
      events: [{ type: 'props' }],
    },
    // The body breaks off.
    'webhook-4.json': { events: [{ refused: 'body_not_json' }] },
  },
  bodyOf,
);
