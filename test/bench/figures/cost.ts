import { billOf, type Cause, perMillionMax } from '../../../infra/cost/bill.ts';
import { readTemplateFacts } from '../../../infra/cost/template-facts.ts';
import { fullBatch, measureUnits } from '../../cost/measure-units.ts';
import { developmentStack } from '../assembly.ts';
import type { Figure, Section } from '../figure.ts';

/** What a million events cost at list prices: `npm run cost` answers it for any load. */
export const cost: Section = {
  name: 'cost',
  about: 'a million events of 1.5 KB, one to a request, one trigger, log target, full batches, at list prices',
  async measure(say) {
    const stack = await developmentStack(say);
    const facts = readTemplateFacts(stack.template);
    const question = { bytes: 1500, actions: 1, target: 'log', perRequest: 1, awsMs: 5 } as const;
    const { full, running, indexesCounted } = await measureUnits(stack, facts, question, say);
    if (!indexesCounted) throw new Error('the units of indexes are counted where Java 17 is found');
    const { lines, perMillion, byCause } = billOf(full, running, { events: 1e6, sources: 1, secrets: 1 }, facts);
    const parts = lines.filter(({ cause }) => cause === 'events').toSorted((a, b) => b.dollars - a.dollars);
    const fixed: Cause[] = ['idle', 'running'];
    return [
      {
        name: 'a million events, with the users index',
        measured: perMillion.events,
        unit: '$',
        bound: { atMost: perMillionMax },
        note: `batches of ${fullBatch}; rows and lines that are kept come on top`,
      },
      ...parts
        .slice(0, 8)
        .map(({ component, dollars }): Figure => ({ name: `· ${component}`, measured: dollars, unit: '$' })),
      { name: 'their rows and lines, kept as long as development keeps them', measured: perMillion.kept, unit: '$' },
      {
        name: 'a month of the environment besides',
        measured: fixed.reduce((sum, cause) => sum + byCause[cause], 0),
        unit: '$',
      },
    ];
  },
};
