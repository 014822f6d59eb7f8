import type { Environment } from '../environment.ts';
import type { Counted } from '../metrics/read-counts.ts';
import { isoOrNull } from '../words/iso.ts';
import { plural } from '../words/text.ts';
import type { CountsOfRange } from './counts.ts';
import { type Finding, type FindingId, finding, on } from './finding.ts';
import { loudest, sinceText } from './loudest-source.ts';
import type { Range } from './problems.ts';

/** Of fewer refused reads and writes a table's clients take no notice: they try again within the call. */
const tableThrottlesMin = 10;

/** What AWS refused for want of capacity: the gateway, functions and tables. */
export function throttleFindings(counts: CountsOfRange, range: Range, environment: Environment): Finding[] {
  const { requests, functions, tables } = counts.pressure;
  const bySource = `npx signalbox events --since ${sinceText(range)} --group-by source${on(environment)}`;
  const of = (id: FindingId, part: string | undefined, refused: Counted, cause: string, next: string): Finding[] => {
    const { total: count, sinceMs, lastMs } = refused;
    if (count === 0) return [];
    const times = { since: isoOrNull(sinceMs), last: isoOrNull(lastMs) };
    return [finding(id, { ...(part !== undefined && { part }), cause, count, ...times, next })];
  };
  return [
    ...of(
      'requests_throttled',
      undefined,
      requests,
      `the gateway answered ${plural(requests.total, 'request')} 429: more came in a second than throttle or apiThrottle in infra/environments.ts lets through; official senders and clients repeat them`,
      environment.local
        ? bySource
        : `aws logs tail /aws/vendedlogs/signalbox/${environment.name}/access --since 15m --filter-pattern 429`,
    ),
    ...[...functions].flatMap(([name, refused]) =>
      of(
        'function_throttled',
        name,
        refused,
        `${plural(refused.total, 'call')} of ${name} found no free concurrency: the account's limit is reached, or what is reserved for it; ${name === 'ingest' || name === 'rest' ? 'requests are refused, and senders try again' : 'its messages wait'}`,
        `npx signalbox deploy check${on(environment)}`,
      ),
    ),
    ...[...tables].flatMap(([name, refused]) =>
      refused.total < tableThrottlesMin
        ? []
        : of(
            'table_throttled',
            name,
            refused,
            `the table ${name} refused ${plural(refused.total, 'read or write', 'reads and writes')}: more come than one of its partitions takes; they are tried again, and everything is slower${loudest(counts)}`,
            bySource,
          ),
    ),
  ];
}
