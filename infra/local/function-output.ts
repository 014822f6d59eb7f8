import * as z from 'zod';
import type { MetricCounters } from './metrics.ts';

// Both Powertools' lines and those that Lambda makes of console calls have it.
const LogLine = z.object({ level: z.string() });
const worthSeeing = new Set(['WARN', 'ERROR', 'CRITICAL', 'FATAL']);

/** Sorts what functions print: metrics are counted, warnings and errors shown, the rest is detail. */
export function makeLineReader(to: {
  metrics: MetricCounters;
  onDetail(line: string): void;
  onProblem(line: string): void;
}): (functionName: string, line: string, stream: 'stdout' | 'stderr') => void {
  return (functionName, line, stream) => {
    if (line === '' || to.metrics.take(line)) return;
    const show = stream === 'stderr' || worthSeeing.has(levelOf(line)) ? to.onProblem : to.onDetail;
    show(`${functionName}: ${line}`);
  };
}

function levelOf(line: string): string {
  if (!line.startsWith('{')) return '';
  try {
    const parsed = LogLine.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data.level.toUpperCase() : '';
  } catch {
    return '';
  }
}
