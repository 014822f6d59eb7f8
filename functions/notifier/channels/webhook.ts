import { standardWebhookHeaders } from '../../../shared/core/targets/standard-webhook.ts';
import type { Channel } from './channel.ts';
import type { PostJson } from './post.ts';

/**
 * One signed POST per news. Its `webhook-id` is the same when it is sent again.
 * https://www.standardwebhooks.com
 */
export function makeWebhook({
  url,
  secrets,
  post,
  nowMs,
}: {
  url: string;
  /** Signing keys, newest first. */
  secrets(): Promise<string[]>;
  post: PostJson;
  nowMs(): number;
}): Channel {
  return {
    name: 'webhook',
    async tell({ environment, id, alarms }) {
      const body = JSON.stringify({
        type: 'alarms.changed',
        timestamp: new Date(nowMs()).toISOString(),
        data: {
          environment,
          alarms: alarms.map(({ alarm, state, severity, means, sinceMs, overMs, howMany, reasons, next, runbook }) => ({
            alarm,
            state,
            severity,
            means,
            since: new Date(sinceMs).toISOString(),
            over_at: overMs === undefined ? null : new Date(overMs).toISOString(),
            how_many: howMany ?? null,
            reasons: reasons.map(({ count, reason, where, detail, example }) => ({
              reason,
              where,
              count: count ?? null,
              detail: detail ?? null,
              example: example ?? null,
            })),
            next,
            runbook,
          })),
        },
      });
      const headers = standardWebhookHeaders({ messageId: id, body, nowMs: nowMs() }, await secrets());
      await post({ url, body, headers });
    },
  };
}
