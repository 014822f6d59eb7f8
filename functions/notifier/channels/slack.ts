import type { AlarmNews } from '../news.ts';
import { lasting, reasonText } from '../news.ts';
import type { Channel } from './channel.ts';
import type { PostJson } from './post.ts';

// https://docs.slack.dev/reference/block-kit/blocks/section-block: 3,000 characters in a text.
const textMax = 2_900;
/** A message has 50 blocks at most; more alarms than this are named in one line. */
const alarmsMax = 40;

/**
 * One message per news, by an incoming webhook, whose address is the secret.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
export function makeSlack({ urls, post }: { urls(): Promise<string[]>; post: PostJson }): Channel {
  return {
    name: 'slack',
    async tell({ environment, alarms }) {
      const [url = ''] = await urls();
      const raised = alarms.filter(({ state }) => state === 'raised').map(({ alarm }) => alarm);
      const over = alarms.filter(({ state }) => state === 'over').map(({ alarm }) => alarm);
      const headline = [
        raised.length > 0 ? `raised: ${raised.join(', ')}` : '',
        over.length > 0 ? `over: ${over.join(', ')}` : '',
      ]
        .filter((part) => part !== '')
        .join('; ');
      const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text: text.slice(0, textMax) } });
      const blocks = [
        section(`*Signalbox ${plain(environment)}*`),
        ...alarms.slice(0, alarmsMax).map((news) => section(textOf(news))),
        ...(alarms.length > alarmsMax ? [section(`and ${alarms.length - alarmsMax} more`)] : []),
      ];
      await post({ url, body: JSON.stringify({ text: plain(`Signalbox ${environment}: ${headline}`), blocks }) });
    },
  };
}

function textOf(news: AlarmNews): string {
  const { alarm, state, severity, means, sinceMs, overMs, howMany, reasons, next, runbook } = news;
  if (state === 'over')
    return `:white_check_mark: *${plain(alarm)}* is over. It lasted ${lasting((overMs ?? sinceMs) - sinceMs)}, since ${timeOf(sinceMs)}.`;
  const [top, ...others] = reasons;
  return [
    `${severity === 'critical' ? ':red_circle:' : ':large_yellow_circle:'} *${plain(alarm)}* since ${timeOf(sinceMs)}${howMany === undefined ? '' : `: ${plain(howMany)}`}`,
    plain(means),
    ...(top === undefined
      ? []
      : [`Why: ${plain(reasonText(top))}${others.length > 0 ? `, and ${others.length} more` : ''}`]),
    `Next: \`${plain(next)}\``,
    /^https?:/.test(runbook) ? `<${runbook}|What to do>` : `What to do: ${plain(runbook)}`,
  ].join('\n');
}

/** In the reader's own time; the fallback is UTC. */
function timeOf(ms: number): string {
  const utc = new Date(ms).toISOString().slice(11, 16);
  return `<!date^${Math.floor(ms / 1000)}^{time}|${utc} UTC>`;
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
function plain(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
