import type { News } from '../news.ts';

/** Where alarms are told. */
export type Channel = {
  name: 'slack' | 'pagerduty' | 'webhook';
  /**
   * Tells all of it, or throws. Telling the same news again has no second effect where the other
   * side can know it by its id.
   * @throws Error that says what the other side answered; the message comes again
   */
  tell(news: News): Promise<void>;
};
