import type { NotifySettings } from '../../../shared/lambda/environment.ts';
import type { Secrets } from '../../../shared/ports/secrets.ts';
import type { Channel } from './channel.ts';
import { makePagerDuty } from './pagerduty.ts';
import type { PostJson } from './post.ts';
import { makeSlack } from './slack.ts';
import { makeWebhook } from './webhook.ts';

/** The channels that an environment is set to. Each has its own secret, `notifier/<channel>`. */
export function openChannels(
  { slack, pagerDuty, webhook }: NotifySettings,
  { secrets, post, nowMs }: { secrets: Secrets; post: PostJson; nowMs(): number },
): Channel[] {
  const valuesOf = (channel: Channel['name']) => async () => {
    const name = `notifier/${channel}`;
    const values = await secrets.valuesOf(name);
    if (values === undefined || values.length === 0)
      throw new Error(`the secret ${name} is not set: npx signalbox secrets set ${name}`);
    return values;
  };
  return [
    ...(slack ? [makeSlack({ urls: valuesOf('slack'), post })] : []),
    ...(pagerDuty ? [makePagerDuty({ url: pagerDuty.url, keys: valuesOf('pagerduty'), post })] : []),
    ...(webhook ? [makeWebhook({ url: webhook.url, secrets: valuesOf('webhook'), post, nowMs })] : []),
  ];
}
