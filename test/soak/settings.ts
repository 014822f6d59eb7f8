import { parseArgs } from 'node:util';

export const help = `Runs the local stack under load and faults, and checks afterwards that nothing is lost and nothing is done twice.

  npm run soak -- [options]

  --events N      events to send, copies not counted (20000)
  --minutes N     spread over so long; by default 100 events per second
  --profile P     faults: kills and outages all along (default)
                  burst: everything at once, no faults; the queues grow and are worked off
                  memory: steady, no faults; the heaps of the functions must not grow
  --seed S        the same events, copies and faults in the same order (1)
  --port P        of the ingest URL (any free one)
  --small         500 events, one kill of a function, one of the runtime, one outage, and shorter timeouts than the
                  template's, so that it ends within a minute
  --json          the figures as one object
  --help

Data is kept in a temporary folder while it runs; of a run that fails the folder is kept and named. Progress goes to
standard error. Exit code 1 when anything was lost, doubled or is not explained. docs/reliability.md, "Soak".`;

export type Profile = 'faults' | 'burst' | 'memory';

export type Settings = {
  events: number;
  /** Events per second; absent: as fast as they are taken. */
  perSecond?: number;
  profile: Profile;
  seed: number;
  port: number;
  /** Functions and queues have short timeouts, so that what a kill left behind comes back within seconds. */
  hurry: boolean;
  faults: { functionKills: number; runtimeKills: number; outages: number; outageMs: number };
  json: boolean;
};

/** @throws Error that says what is wrong */
export function readSettings(args: string[]): Settings | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      events: { type: 'string' },
      minutes: { type: 'string' },
      profile: { type: 'string', default: 'faults' },
      seed: { type: 'string', default: '1' },
      port: { type: 'string', default: '0' },
      small: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const { profile } = values;
  if (profile !== 'faults' && profile !== 'burst' && profile !== 'memory')
    throw new Error(`--profile takes faults, burst or memory, not "${profile}"`);
  const events = whole('events', values.events ?? (values.small ? '500' : '20000'), 1);
  const perSecond = values.minutes === undefined ? 100 : events / (60 * positive('minutes', values.minutes));
  const every = (count: number) => Math.max(1, Math.round(events / count));
  return {
    events,
    ...(profile !== 'burst' && { perSecond: profile === 'memory' && values.minutes === undefined ? 300 : perSecond }),
    profile,
    seed: whole('seed', values.seed, 0),
    port: whole('port', values.port, 0),
    hurry: values.small,
    faults:
      profile === 'faults'
        ? {
            functionKills: every(2_500),
            runtimeKills: every(7_000),
            outages: every(5_000),
            outageMs: values.small ? 2_000 : 10_000,
          }
        : { functionKills: 0, runtimeKills: 0, outages: 0, outageMs: 0 },
    json: values.json,
  };
}

function whole(name: string, text: string, atLeast: number): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < atLeast)
    throw new Error(`--${name} takes a whole number from ${atLeast}, not "${text}"`);
  return Number(text);
}

function positive(name: string, text: string): number {
  if (!(Number(text) > 0)) throw new Error(`--${name} takes a number above 0, not "${text}"`);
  return Number(text);
}
