/** The day that is simulated, second by second. All rates are events per second. */
export type Day = {
  /** Mean of the day, bursts apart. */
  rate: number;
  seed: number;
  /** How far the day's curve swings around the mean: 0.6 is from 0.4 to 1.6 times. */
  swing: number;
  bursts: { count: number; seconds: number; factor: number };
  /** In this time one source sends this share of all events; otherwise a tenth. */
  hot: { fromHour: number; toHour: number; share: number };
  /** In this time each batch of workflow-trigger takes longer, since a target answers late. */
  slow: { fromHour: number; toHour: number; extraMs: number };
};

export const usualDay = {
  swing: 0.6,
  bursts: { count: 3, seconds: 60, factor: 20 },
  hot: { fromHour: 9, toHour: 11, share: 0.6 },
  slow: { fromHour: 15, toHour: 16, extraMs: 2000 },
} as const;

/** What the day meets. */
export type DayCeilings = {
  gateway: { perSecond: number; burst: number };
  ingestPerSecond: number;
  processor: ConsumerCeiling;
  trigger: ConsumerCeiling;
  /** What the partitions of one source take, and those of all actions. */
  oneSourcePerSecond: number;
  actionLogPerSecond: number;
  /** Write units of an event, of tables that the processor writes and of those that workflow-trigger does. */
  processorTables: number[];
  triggerTables: number[];
  /** Write units that each table and index takes from the start. */
  warmUnits: number;
  tableUnitsMax: number;
};

export type ConsumerCeiling = {
  concurrency: number;
  batch: number;
  /** Of a full batch. */
  batchMs: number;
  pollersFirst: number;
  rampPerSecond: number;
};

export type DayResult = {
  events: number;
  done: number;
  waiting: { atSenders: number; inEventsQueue: number; inActionsQueue: number };
  /** Events that the gateway or ingest had no room for when they came: senders send them again. */
  refused: number;
  /** Seconds from a sender's first attempt to the last action; 0 is within the same second. */
  lagSeconds: { p50: number; p99: number; max: number };
  backlogMax: number;
  /** Messages of a batch of the processor, on average. */
  meanBatch: number;
  /** What slow targets added, in milliseconds of workflow-trigger per event. */
  slowMsPerEvent: number;
  /** By quarter of an hour. */
  quarters: { arrived: number; done: number; backlogMax: number; lagMaxSeconds: number }[];
};

const daySeconds = 86_400;
const quarterSeconds = 900;
const warmingSeconds = 1800;
const otherSources = 9;

/** Events in the order in which they came, as counts by second. */
class Waiting {
  count = 0;
  #cohorts: { second: number; count: number }[] = [];
  #first = 0;

  add(second: number, count: number): void {
    if (count === 0) return;
    this.#cohorts.push({ second, count });
    this.count += count;
  }

  /** Takes up to `most` of the oldest. */
  take(most: number, to: (second: number, count: number) => void): number {
    let left = Math.min(most, this.count);
    const taken = left;
    while (left > 0) {
      const cohort = this.#cohorts[this.#first] as { second: number; count: number };
      const count = Math.min(left, cohort.count);
      to(cohort.second, count);
      cohort.count -= count;
      left -= count;
      if (cohort.count === 0) this.#first++;
    }
    this.count -= taken;
    if (this.#first > 10_000) this.#cohorts = this.#cohorts.slice(this.#first);
    if (this.#first > 10_000) this.#first = 0;
    return taken;
  }
}

/** The events of each second, those of the hot source apart. The same seed gives the same day. */
export function arrivalsOf(day: Day): { hot: number; rest: number }[] {
  const random = randomOf(day.seed);
  const starts = Array.from({ length: day.bursts.count }, () =>
    Math.floor(random() * (daySeconds - day.bursts.seconds)),
  );
  return Array.from({ length: daySeconds }, (_, second) => {
    // Fewest at 3 o'clock, most at 15.
    const curve = 1 - day.swing * Math.cos(((second / 3600 - 3) / 24) * 2 * Math.PI);
    const bursting = starts.some((start) => second >= start && second < start + day.bursts.seconds);
    const count = poisson(day.rate * curve * (bursting ? day.bursts.factor : 1), random);
    const hot = Math.round(count * (isWithin(second, day.hot) ? day.hot.share : 0.1));
    return { hot, rest: count - hot };
  });
}

/**
 * A day of events over the ceilings. Counts are whole, so that what came is exactly what is done
 * and what waits. Senders that are refused try again each second, which is sooner than most do.
 */
export function simulateDay(
  day: Day,
  ceilings: DayCeilings,
  arrivals: { hot: number; rest: number }[] = arrivalsOf(day),
): DayResult {
  const atSenders = { hot: new Waiting(), rest: new Waiting() };
  const inEvents = { hot: new Waiting(), rest: new Waiting() };
  const inActions = new Waiting();
  const processor = makeConsumer(ceilings.processor);
  const trigger = makeConsumer(ceilings.trigger);
  const processorTables = makeTables(ceilings.processorTables, ceilings);
  const triggerTables = makeTables(ceilings.triggerTables, ceilings);
  const lags: number[] = [];
  const quarters: DayResult['quarters'] = [];
  let tokens = ceilings.gateway.burst;
  let [events, done, refused, backlogMax, batches, processed, slowMs] = [0, 0, 0, 0, 0, 0, 0];

  const quarterOf = (second: number) => {
    const index = Math.floor(second / quarterSeconds);
    const quarter = quarters[index] ?? { arrived: 0, done: 0, backlogMax: 0, lagMaxSeconds: 0 };
    quarters[index] = quarter;
    return quarter;
  };

  for (const [second, { hot, rest }] of arrivals.entries()) {
    const quarter = quarterOf(second);
    atSenders.hot.add(second, hot);
    atSenders.rest.add(second, rest);
    events += hot + rest;
    quarter.arrived += hot + rest;

    // The gateway knows no sources: what comes first is let in first.
    tokens = Math.min(ceilings.gateway.burst, tokens + ceilings.gateway.perSecond);
    const offered = atSenders.hot.count + atSenders.rest.count;
    const admitted = Math.min(offered, Math.floor(Math.min(tokens, ceilings.ingestPerSecond)));
    const hotPart = offered === 0 ? 0 : Math.round((admitted * atSenders.hot.count) / offered);
    atSenders.hot.take(hotPart, (came, count) => inEvents.hot.add(came, count));
    atSenders.rest.take(admitted - hotPart, (came, count) => inEvents.rest.add(came, count));
    tokens -= admitted;
    refused += Math.min(hot + rest, offered - admitted);

    // Fair queues: quiet sources go first.
    const waitingEvents = inEvents.hot.count + inEvents.rest.count;
    const canProcess = Math.min(processor.room(waitingEvents, 0), processorTables.room(second));
    const ofRest = inEvents.rest.take(
      Math.floor(Math.min(canProcess, otherSources * ceilings.oneSourcePerSecond)),
      (came, count) => inActions.add(came, count),
    );
    const ofHot = inEvents.hot.take(
      Math.floor(Math.min(canProcess - ofRest, ceilings.oneSourcePerSecond)),
      (came, count) => inActions.add(came, count),
    );
    processor.finish(ofRest + ofHot);
    processorTables.use(ofRest + ofHot);
    batches += processor.batchesFor(ofRest + ofHot);
    processed += ofRest + ofHot;

    const extraMs = isWithin(second, day.slow) ? day.slow.extraMs : 0;
    const canTrigger = Math.min(
      trigger.room(inActions.count, extraMs),
      triggerTables.room(second),
      ceilings.actionLogPerSecond,
    );
    const triggered = inActions.take(Math.floor(canTrigger), (came, count) => {
      const lag = second - came;
      lags[lag] = (lags[lag] ?? 0) + count;
      quarter.lagMaxSeconds = Math.max(quarter.lagMaxSeconds, lag);
    });
    trigger.finish(triggered);
    triggerTables.use(triggered);
    slowMs += trigger.batchesFor(triggered) * extraMs;
    done += triggered;
    quarter.done += triggered;

    const backlog =
      atSenders.hot.count + atSenders.rest.count + inEvents.hot.count + inEvents.rest.count + inActions.count;
    backlogMax = Math.max(backlogMax, backlog);
    quarter.backlogMax = Math.max(quarter.backlogMax, backlog);
  }
  return {
    events,
    done,
    waiting: {
      atSenders: atSenders.hot.count + atSenders.rest.count,
      inEventsQueue: inEvents.hot.count + inEvents.rest.count,
      inActionsQueue: inActions.count,
    },
    refused,
    lagSeconds: { p50: lagAt(lags, done, 0.5), p99: lagAt(lags, done, 0.99), max: Math.max(0, lags.length - 1) },
    backlogMax,
    meanBatch: batches === 0 ? 1 : processed / batches,
    slowMsPerEvent: done === 0 ? 0 : slowMs / done,
    quarters,
  };
}

/** Lambda's pollers of one queue: a few at first, more while messages are left over, and back when none are. */
function makeConsumer({ concurrency, batch, batchMs, pollersFirst, rampPerSecond }: ConsumerCeiling) {
  const least = Math.min(concurrency, pollersFirst);
  let pollers = least;
  let waiting = 0;
  let credit = 0;
  return {
    /** Whole messages that can be finished in this second. */
    room(count: number, extraMs: number): number {
      waiting = count;
      const perSecond = (pollers * batch * 1000) / (batchMs + extraMs);
      // What is less than a message is kept for the next second; what was not needed is not.
      credit = Math.min(perSecond + 1, credit + perSecond);
      return Math.floor(credit);
    },
    finish(count: number): void {
      credit -= count;
      pollers =
        count < waiting ? Math.min(concurrency, pollers + rampPerSecond) : Math.max(least, pollers - rampPerSecond);
    },
    /** As full as they must be, and no fuller: a poller takes what is there. */
    batchesFor(count: number): number {
      return Math.max(Math.ceil(count / batch), Math.min(count, Math.floor((least * 1000) / batchMs)));
    },
  };
}

/** On-demand tables take twice the highest rate of earlier half-hours, or what they took from the start. */
function makeTables(units: number[], { warmUnits, tableUnitsMax }: DayCeilings) {
  const tables = units.map((perEvent) => ({ perEvent, warm: warmUnits, peak: 0 }));
  return {
    room(second: number): number {
      if (second % warmingSeconds === 0) {
        for (const table of tables) {
          table.warm = Math.min(tableUnitsMax, Math.max(table.warm, 2 * table.peak));
          table.peak = 0;
        }
      }
      return Math.min(Number.POSITIVE_INFINITY, ...tables.map(({ perEvent, warm }) => Math.floor(warm / perEvent)));
    },
    use(count: number): void {
      for (const table of tables) table.peak = Math.max(table.peak, count * table.perEvent);
    },
  };
}

function lagAt(lags: number[], done: number, share: number): number {
  let seen = 0;
  for (const [lag, count = 0] of lags.entries()) {
    seen += count;
    if (seen >= share * done) return lag;
  }
  return 0;
}

const isWithin = (second: number, { fromHour, toHour }: { fromHour: number; toHour: number }) =>
  second >= fromHour * 3600 && second < toHour * 3600;

/** Numbers from 0 to 1 that follow from the seed alone (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** How many events come in a second in which `mean` come on average. */
function poisson(mean: number, random: () => number): number {
  if (mean > 30) {
    // A normal distribution is close enough from there on.
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
}

/** A line of eight heights, lowest for 0 and highest for the largest value. */
export function sparkline(values: number[]): string {
  const highest = Math.max(...values);
  const heights = '▁▂▃▄▅▆▇█';
  return values
    .map((value) => heights[highest === 0 ? 0 : Math.min(7, Math.ceil((value / highest) * 7))] ?? '')
    .join('');
}
