/** What an alarm is about, for the stack, the notifier, and the pages. */
export type AlarmKind = {
  /** Of docs/runbooks/<page>.md. */
  page: string;
  /** One sentence: what happens. */
  means: string;
  /** A few words for a table. */
  short: string;
  /** What a person loses until they act. */
  untilYouAct: string;
  /** From the first effect of its cause, with some traffic. test/alarms holds each alarm to it. */
  raisedWithinMinutes: number;
  /** `warning`: it can wait for the morning. */
  severity: 'critical' | 'warning';
  /** The watched value in words: `35 events in 5 minutes`. Absent: it means nothing to a person. */
  value?(value: number): string;
  /** The rows that tell the reasons and an example. */
  explainedBy?: Explanation;
  /** The first command of its page, without the option that names the environment. */
  firstCommand: string;
};

export type Explanation = 'failed_events' | 'unsuccessful_actions' | 'pending_actions' | 'refusals';

const count = (value: number, one: string, many = `${one}s`) => `${Math.round(value)} ${value === 1 ? one : many}`;
const inFiveMinutes = (one: string, many?: string) => (value: number) => `${count(value, one, many)} in 5 minutes`;
const share = (of: string) => (value: number) => `${Math.round(value)} % of ${of}`;

const doctor = 'npx signalbox doctor';
const resent = 'senders and clients try again for hours';

/** The alarms of every environment, in the order of the page; functions have theirs below. */
export const alarmKinds = {
  'dead-letters': {
    page: 'dead-letters',
    means: 'Messages were given up after ten deliveries; each is now a failed row that can be replayed.',
    short: 'messages failed ten deliveries',
    untilYouAct: 'their rows are `failed` and need a replay',
    raisedWithinMinutes: 25,
    severity: 'critical',
    value: inFiveMinutes('message'),
    explainedBy: 'failed_events',
    firstCommand: 'npx signalbox events --status failed --since 1h',
  },
  'dead-letters-stuck': {
    page: 'dead-letters-stuck',
    means:
      'Dead letters have waited for 15 minutes: the dead-letter function cannot write them. They are kept for 14 days.',
    short: 'dead letters that could not become rows',
    untilYouAct: 'kept for 14 days, **then lost**',
    raisedWithinMinutes: 40,
    severity: 'critical',
    value: (value) => count(Math.max(1, value), 'dead letter'),
    firstCommand: doctor,
  },
  'events-failed': {
    page: 'events-failed',
    means: 'Events could not be processed, for a fault of ours; each is a failed row that can be replayed.',
    short: 'events that could not be processed',
    untilYouAct: 'their rows are `failed` and need a replay',
    raisedWithinMinutes: 25,
    severity: 'critical',
    value: inFiveMinutes('event'),
    explainedBy: 'failed_events',
    firstCommand: 'npx signalbox events --status failed --since 1h',
  },
  'actions-failing': {
    page: 'actions-failing',
    means:
      'Within 15 minutes more than a fifth of 20 actions, or most of 5, failed or were skipped: a mapping, a workflow or a target is wrong.',
    short: 'a fifth of the actions fail or are skipped',
    untilYouAct: 'users are not updated, workflows not started',
    raisedWithinMinutes: 15,
    severity: 'critical',
    value: share('the actions of 15 minutes'),
    explainedBy: 'unsuccessful_actions',
    firstCommand: 'npx signalbox actions --status failed,skipped --since 30m',
  },
  'actions-failing-slowly': {
    page: 'actions-failing-slowly',
    means: 'Within 3 hours more than half of the few actions failed or were skipped, four or more of them in all.',
    short: 'the same, where actions are few',
    untilYouAct: 'the same',
    raisedWithinMinutes: 180,
    severity: 'critical',
    value: share('the actions of 3 hours'),
    explainedBy: 'unsuccessful_actions',
    firstCommand: 'npx signalbox actions --status failed,skipped --since 3h',
  },
  'actions-blocked': {
    page: 'actions-blocked',
    means:
      'Actions have waited for more than 4 minutes for a table or a secret of ours; they are tried again for 24 hours.',
    short: 'actions need a table or a secret that cannot be had',
    untilYouAct: 'actions are retried for 24 hours, then `failed`',
    raisedWithinMinutes: 10,
    severity: 'critical',
    value: (value) => `the longest has waited for ${count(value / 60_000, 'minute')}`,
    explainedBy: 'pending_actions',
    firstCommand: doctor,
  },
  'targets-failing': {
    page: 'targets-failing',
    means:
      'A run has waited for its target for more than 4 minutes, and most calls of targets fail; they are tried again for 24 hours.',
    short: 'workflow targets do not answer',
    untilYouAct: 'actions are retried for 24 hours, then `failed`',
    raisedWithinMinutes: 10,
    severity: 'critical',
    value: share('the calls fail'),
    explainedBy: 'pending_actions',
    firstCommand: doctor,
  },
  'signatures-refused': {
    page: 'signatures-refused',
    means: 'Requests with the right URL and a wrong signature keep coming; most senders drop what is answered 401.',
    short: 'right URL, wrong signature',
    untilYouAct: '**senders drop these events**',
    raisedWithinMinutes: 15,
    severity: 'critical',
    value: inFiveMinutes('request'),
    explainedBy: 'refusals',
    firstCommand: 'npx signalbox refusals --since 1h',
  },
  'urls-refused': {
    page: 'urls-refused',
    means: 'Requests with a URL that opens no source keep coming: a sender has an old URL, or URLs are being guessed.',
    short: 'URLs that open no source',
    untilYouAct: '**a sender with an old URL loses its events**',
    raisedWithinMinutes: 10,
    severity: 'warning',
    value: inFiveMinutes('request'),
    explainedBy: 'refusals',
    firstCommand: 'npx signalbox refusals --since 1h',
  },
  'keys-refused': {
    page: 'keys-refused',
    means: 'Calls of the REST API without a valid key keep coming: a client has an old key, or keys are being guessed.',
    short: 'calls of the REST API without a valid key',
    untilYouAct: 'a client with an old key does nothing',
    raisedWithinMinutes: 10,
    severity: 'warning',
    value: inFiveMinutes('call'),
    firstCommand: 'npx signalbox keys list',
  },
  'events-surge': {
    page: 'events-surge',
    means:
      'Far more events are accepted than usual: a sender repeats or backfills, or a URL and its secret have leaked.',
    short: 'far more events than usual',
    untilYouAct: 'higher costs, and perhaps unwanted effects',
    raisedWithinMinutes: 15,
    severity: 'warning',
    value: inFiveMinutes('event'),
    firstCommand: doctor,
  },
  'requests-failed': {
    page: 'requests-failed',
    means:
      'Ingest or the REST API answers 503: a queue, a table or a secret cannot be reached. Senders and clients try again.',
    short: 'ingest or the REST API answers 503',
    untilYouAct: resent,
    raisedWithinMinutes: 10,
    severity: 'critical',
    value: inFiveMinutes('request'),
    explainedBy: 'refusals',
    firstCommand: doctor,
  },
  'configuration-unreadable': {
    page: 'configuration-unreadable',
    means: 'Functions cannot read the live configuration and go on with an older one; new ones cannot work at all.',
    short: 'functions use an older configuration',
    untilYouAct: 'changes do not take effect; **new processes cannot work**',
    raisedWithinMinutes: 10,
    severity: 'critical',
    firstCommand: doctor,
  },
  'events-delayed': {
    page: 'events-delayed',
    means:
      'The oldest event has waited for more than 5 minutes, or failed for 4: the processor does not keep up, or cannot work.',
    short: 'events wait or come back',
    untilYouAct: 'everything is late',
    raisedWithinMinutes: 10,
    severity: 'critical',
    firstCommand: doctor,
  },
  'actions-delayed': {
    page: 'actions-delayed',
    means:
      'Actions have waited for more than 17 minutes, or failed for 4: workflow-trigger does not keep up, or cannot work.',
    short: 'actions wait or come back',
    untilYouAct: 'effects are late',
    raisedWithinMinutes: 25,
    severity: 'critical',
    firstCommand: doctor,
  },
  'requests-throttled': {
    page: 'requests-throttled',
    means:
      'The gateway keeps answering 429: more requests come than `throttle` or `apiThrottle` allows. Senders and clients try again.',
    short: 'the gateway answers 429',
    untilYouAct: 'senders try again; a sender that does not **loses events**',
    raisedWithinMinutes: 10,
    severity: 'warning',
    value: inFiveMinutes('request'),
    firstCommand: doctor,
  },
  'api-refusals': {
    page: 'api-refusals',
    means:
      'More than a tenth of at least 50 requests to sources are answered 4xx, whatever the reason; most senders drop what is.',
    short: 'a tenth of the requests to sources are answered 4xx',
    untilYouAct: '**senders drop these events**',
    raisedWithinMinutes: 15,
    severity: 'critical',
    value: share('the requests to sources'),
    explainedBy: 'refusals',
    firstCommand: 'npx signalbox refusals --since 1h',
  },
  'api-errors': {
    page: 'api-errors',
    means:
      'More than 1 % of requests are answered 5xx: ingest or the REST API crashes, is too slow, or answers 503. Senders try again.',
    short: 'the API answers 5xx',
    untilYouAct: resent,
    raisedWithinMinutes: 10,
    severity: 'critical',
    value: share('the requests'),
    firstCommand: doctor,
  },
  'statement-differs': {
    page: 'statement-differs',
    means: 'The daily statement found events or actions of a past day that nothing accounts for; they may be lost.',
    short: 'events of a past day are not accounted for',
    untilYouAct: '**what is lost stays lost**; rows expire',
    raisedWithinMinutes: 29 * 60,
    severity: 'critical',
    value: (value) => count(value, 'day'),
    firstCommand: 'npx signalbox statements',
  },
  'statement-missing': {
    page: 'statement-missing',
    means: 'The daily statement could not be made in three tries; the next day makes it up as long as rows are kept.',
    short: 'the daily statement could not be made',
    untilYouAct: 'a loss would not be noticed by itself',
    raisedWithinMinutes: 29 * 60,
    severity: 'warning',
    value: (value) => count(value, 'failed try', 'failed tries'),
    firstCommand: 'npx signalbox verify --day yesterday',
  },
  'volume-unchecked': {
    page: 'volume-unchecked',
    means:
      'Volumes could not be compared with those of a week before in three tries; the next hour is compared by itself.',
    short: 'volumes could not be compared with those of a week before',
    untilYouAct: 'an unusual volume would not be noticed by itself',
    raisedWithinMinutes: 75,
    severity: 'warning',
    value: (value) => count(value, 'failed try', 'failed tries'),
    firstCommand: doctor,
  },
  'notifications-failing': {
    page: 'notifications-failing',
    means: 'A channel cannot be told of alarms: what happens now may reach no person. Each message is tried ten times.',
    short: 'Slack, PagerDuty or the webhook cannot be told of alarms',
    untilYouAct: '**alarms may reach no person**',
    raisedWithinMinutes: 15,
    severity: 'critical',
    firstCommand: 'npx signalbox secrets list',
  },
} as const satisfies Record<string, AlarmKind>;

export type AlarmName = keyof typeof alarmKinds;

/** Alarms that each function has: `processor-errors`. */
export const functionAlarmKinds = {
  errors: (name: string): AlarmKind => ({
    page: 'function-errors',
    means: `${name} crashed or ran out of time: a bug, or too little memory. What it was working on is delivered again.`,
    short: 'a function crashes or times out',
    untilYouAct: 'its batches are delivered again',
    raisedWithinMinutes: 10,
    severity: 'critical',
    value: inFiveMinutes('call'),
    firstCommand: doctor,
  }),
  throttles: (name: string): AlarmKind => ({
    page: 'function-throttles',
    means: `${name} was refused for lack of concurrency: the account's limit is reached, or what is reserved for it.`,
    short: 'a function lacks concurrency',
    untilYouAct: 'delays; for ingest, refused requests',
    raisedWithinMinutes: 10,
    severity: 'critical',
    value: inFiveMinutes('call'),
    firstCommand: doctor,
  }),
} as const;

/** The alarm of each source whose file says how often it sends: `source-silent/stripe`. */
export const silenceAlarmKind = (source: string): AlarmKind => ({
  page: 'source-silent',
  means: `No event of ${source} came for as long as its file expects one: its sender has stopped, or is refused.`,
  short: 'a source sends nothing, against what its file expects',
  untilYouAct: 'nothing of it happens; most senders **drop** what they cannot send for hours',
  raisedWithinMinutes: 75,
  severity: 'critical',
  firstCommand: `npx signalbox refusals --source ${source} --since 1d`,
});

/** The alarm of each source whose file says which volume is usual: `volume-unusual/stripe`. */
export const volumeAlarmKind = (source: string): AlarmKind => ({
  page: 'volume-unusual',
  means: `${source} sent far fewer or far more events in the last full hour than in the same hour a week before, against what its file expects.`,
  short: 'a source sends far less or far more than a week before, against what its file expects',
  untilYouAct: 'fewer: most senders **drop** what is refused; more: higher costs, and perhaps unwanted effects',
  // A fall within an hour shows in the next full one, five minutes after its end.
  raisedWithinMinutes: 130,
  severity: 'warning',
  firstCommand: doctor,
});

const sourceAlarmKinds = new Map([
  ['source-silent', silenceAlarmKind],
  ['volume-unusual', volumeAlarmKind],
]);

/** @param name without the environment: `dead-letters`, `processor-errors`; undefined for an alarm that is not ours */
export function alarmKindOf(name: string): AlarmKind | undefined {
  if (Object.hasOwn(alarmKinds, name)) return alarmKinds[name as AlarmName];
  const [, ofSource = '', source] = /^([^/]+)\/(.+)$/.exec(name) ?? [];
  if (source !== undefined) return sourceAlarmKinds.get(ofSource)?.(source);
  const [, ofFunction, kind] = /^(.+)-(errors|throttles)$/.exec(name) ?? [];
  if (ofFunction === undefined || kind === undefined) return undefined;
  return functionAlarmKinds[kind as keyof typeof functionAlarmKinds](ofFunction);
}

/** Where the page of an alarm is in the repository. */
export function runbookOf({ page }: Pick<AlarmKind, 'page'>): string {
  return `docs/runbooks/${page}.md`;
}
