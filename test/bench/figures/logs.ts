import { Snapshot } from '../../../shared/core/configuration/schema.ts';
import { liveConfiguration } from '../../support/build.ts';
import { developmentStack } from '../assembly.ts';
import { startCountedPipeline } from '../counted-pipeline.ts';
import type { Figure, Section } from '../figure.ts';
import { identify, smallOrderCompleted } from '../sample-events.ts';

const events = 10;

/** What the functions print when nothing is wrong: CloudWatch bills it by the byte, for many more than a row costs. */
export const logs: Section = {
  name: 'logs',
  about: `what the functions print for a batch of ${events} events in which all goes well`,
  async measure(say) {
    const stack = await developmentStack(say);
    say('reading what the functions print');
    const pipeline = await startCountedPipeline(stack, { snapshot: Snapshot.parse(liveConfiguration().snapshot) });
    try {
      // First of all the user, whose batch also takes the cold start.
      await pipeline.ingest([identify('usr_8841')]);
      await pipeline.process();
      await pipeline.trigger();
      const ingested = await pipeline.ingest(Array.from({ length: events }, () => smallOrderCompleted()));
      const processed = await pipeline.process();
      const triggered = await pipeline.trigger();
      return [
        ...printedFigures('ingest, one event to a request', ingested.printed),
        ...printedFigures('processor', processed.printed, true),
        ...printedFigures('workflow-trigger', triggered.printed, true),
      ];
    } finally {
      await pipeline.stop();
    }
  },
};

function printedFigures(what: string, lines: string[], isBounded = false): Figure[] {
  const metrics = lines.filter((line) => line.includes('"_aws"'));
  const others = lines.filter((line) => !line.includes('"_aws"'));
  const bytes = (printed: string[]) => printed.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  return [
    {
      name: `${what}: log bytes per event, metrics apart`,
      measured: bytes(others) / events,
      unit: 'bytes',
      ...(isBounded && { bound: { atMost: 20 } }),
    },
    {
      name: `${what}: metrics lines`,
      measured: metrics.length,
      unit: 'lines',
      ...(isBounded && { bound: { atMost: 1 } }),
      note: 'in the embedded metric format, one to a batch and source',
    },
    { name: `${what}: metrics bytes per event`, measured: bytes(metrics) / events, unit: 'bytes' },
  ];
}
