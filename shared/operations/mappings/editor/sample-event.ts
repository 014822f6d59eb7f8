import type { SourceFile } from '../../../core/configuration/schema.ts';
import type { RawEvent } from '../../../core/events/raw-event.ts';
import type { SampleMaker, SampleUser } from '../../../core/sources/guide.ts';
import { sourceGuide } from '../../sources/source-guides.ts';
import { readPayload } from '../read-payload.ts';

const hourMs = 3_600_000;
const user: SampleUser = { id: 'user_1', name: 'Ada Example', email: 'ada@example.com' };

/**
 * An event of a type as the source's kind sends it, while none came; undefined when the kind sends
 * no such type. It is the same each time, within an hour.
 */
export async function sampleEvent(
  { key, file }: { key: string; file: SourceFile },
  type: string,
  nowMs: number,
): Promise<RawEvent | undefined> {
  const set = (await sourceGuide(file.kind))?.guide.samples;
  const make: SampleMaker = {
    uuid: () => '5f0c2f6e-0000-4000-8000-000000000001',
    int: (min) => min,
    nowMs: nowMs - (nowMs % hourMs),
  };
  const sample =
    set?.identify !== undefined && type === 'identify' ? set.identify(user, make) : set?.ofType(type, user, make);
  if (set === undefined || sample === undefined) return undefined;
  const body = typeof sample.body === 'string' ? sample.body : JSON.stringify(sample.body);
  const given = Object.entries({ ...set.headers, ...sample.headers });
  const headers = Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value]));
  const read = readPayload({ source: key, file, headers, rawBody: Buffer.from(body), nowMs: make.nowMs });
  return read.kind === 'events' ? read.events[0] : undefined;
}
