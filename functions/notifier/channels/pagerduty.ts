import type { AlarmNews } from '../news.ts';
import { reasonText } from '../news.ts';
import type { Channel } from './channel.ts';
import type { PostJson } from './post.ts';

/** A summary has 1,024 characters at most. */
const summaryMax = 1024;

/**
 * One PagerDuty alert per alarm, which its end resolves. The same alarm has the same key, so telling
 * it twice makes no second alert. PagerDuty itself groups alerts to incidents.
 * https://developer.pagerduty.com/docs/send-alert-event
 */
export function makePagerDuty({
  url,
  keys,
  post,
}: {
  url: string;
  /** The routing key of the integration. */
  keys(): Promise<string[]>;
  post: PostJson;
}): Channel {
  return {
    name: 'pagerduty',
    async tell({ environment, alarms }) {
      const [routing_key = ''] = await keys();
      const events = alarms.map((news) => {
        const dedup_key = `signalbox/${environment}/${news.alarm}`;
        return news.state === 'over'
          ? { routing_key, dedup_key, event_action: 'resolve' }
          : { routing_key, dedup_key, event_action: 'trigger', ...alertOf(news, environment) };
      });
      await Promise.all(events.map((event) => post({ url, body: JSON.stringify(event) })));
    },
  };
}

function alertOf({ alarm, severity, means, sinceMs, howMany, reasons, next, runbook }: AlarmNews, environment: string) {
  const summary = `${environment}: ${alarm}${howMany === undefined ? '' : `, ${howMany}`}. ${means}`;
  return {
    payload: {
      summary: summary.slice(0, summaryMax),
      source: `signalbox ${environment}`,
      severity,
      timestamp: new Date(sinceMs).toISOString(),
      component: alarm,
      group: environment,
      class: 'alarm',
      custom_details: { reasons: reasons.map(reasonText), next, runbook },
    },
    ...(/^https?:/.test(runbook) && { links: [{ href: runbook, text: 'What to do' }] }),
  };
}
