import { trackEvent } from '../support/build.ts';
import { makeRandom } from '../support/random.ts';
import { postEvent, steadyTraffic, steadyWeekBefore } from './incidents.ts';
import type { AlarmPipeline } from './pipeline.ts';

/** A day on which nothing happens that a person must be called for. */
export type NormalDay = {
  name: string;
  /** At every step, with the minutes since midnight. */
  happens(pipeline: AlarmPipeline, minute: number): unknown;
};

const random = makeRandom(7);
/** True so many times an hour on average. */
const hourly = (times: number) => random() < times / 240;
/** 0 at night, 1 at noon. */
const daylight = (minute: number) => (1 - Math.cos((2 * Math.PI * minute) / 1440)) / 2;
const isAt = (minute: number, hour: number) => minute === hour * 60;

/** Trouble that is over before a person could come. */
async function passingTrouble(pipeline: AlarmPipeline, minute: number): Promise<void> {
  const { conditions } = pipeline;
  conditions.processor = isAt(minute, 3) ? 'dies' : 'works';
  conditions['workflow-trigger'] = isAt(minute, 4) ? 'throttled' : 'works';
  pipeline.tablesAway = new Set(isAt(minute, 5) ? ['Claims'] : isAt(minute, 6) ? ['ActionLog'] : []);
  pipeline.queuesAway = isAt(minute, 7);
  // A target that is being deployed.
  pipeline.targetStatus = minute >= 720 && minute < 722 ? 503 : 200;
  if ([3, 4, 5, 6, 7, 12].some((hour) => isAt(minute, hour))) await postEvent(pipeline, 'paid');
}

/** What every address on the internet gets, and clients that err now and then. */
async function strayRequests(pipeline: AlarmPipeline, minute: number): Promise<void> {
  if (isAt(minute, 2)) for (let i = 0; i < 15; i++) await pipeline.post('web', {}, { token: `guess-${i}` });
  if (minute % 30 === 0) await pipeline.post('punctual', trackEvent({ messageId: undefined }));
  if (isAt(minute, 8)) await pipeline.post('signed', trackEvent());
  if (hourly(0.5)) await pipeline.post('web', 'order=1');
  if (hourly(1)) await pipeline.call('GET', '/v1/users/nobody', 'sk_old');
  // A person opens a link that has ended.
  if (hourly(6)) await pipeline.view(`lk_${'A'.repeat(43)}`);
}

/** As many events an hour as a week before, but for a pause of half an hour, after which the sender catches up. */
async function steadySource(pipeline: AlarmPipeline, minute: number): Promise<void> {
  if (minute === 0) steadyWeekBefore(pipeline, 24);
  if (minute < 720 || minute >= 750) await steadyTraffic(pipeline, minute, isAt(minute, 13) ? 7 : 1);
}

export const normalDays: NormalDay[] = [
  {
    name: 'a few events an hour, some of which lead to nothing',
    async happens(pipeline, minute) {
      if (hourly(3)) await postEvent(pipeline, random() < 0.1 ? 'anonymous' : 'ordered');
      await passingTrouble(pipeline, minute);
      await strayRequests(pipeline, minute);
      await steadySource(pipeline, minute);
    },
  },
  {
    name: 'more events by day than by night, and two bursts',
    async happens(pipeline, minute) {
      if (hourly(20 * daylight(minute))) await postEvent(pipeline, random() < 0.05 ? 'anonymous' : 'paid');
      if (isAt(minute, 9) || isAt(minute, 18)) {
        const burst = Array.from({ length: 30 }, (_, i) => trackEvent({ messageId: `burst-${minute}-${i}` }));
        await pipeline.post('web', burst);
      }
      await passingTrouble(pipeline, minute);
      await strayRequests(pipeline, minute);
    },
  },
];
