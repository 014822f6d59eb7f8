import * as z from 'zod';
import type { MetricCounters } from './metrics.ts';

// Lines of Powertools have it, and lines that Lambda makes from console calls.
const LogLine = z.object({ level: z.string() });
const worthSeeing = new Set(['WARN', 'ERROR', 'CRITICAL', 'FATAL']);

/**
 * Sorts the functions' output: it counts metrics, shows warnings and errors, and treats the rest as
 * detail.
 */
export function makeLineReader(to: {
  metrics: MetricCounters;
  onDetail(line: string): void;
  onProblem(line: string): void;
}): (functionName: string, line: string, stream: 'stdout' | 'stderr') => void {
  return (functionName, line, stream) => {
    if (line === '') return;
    const isCounted = to.metrics.take(line);
    // A count that is a log line as well has a level.
    if (isCounted && !worthSeeing.has(levelOf(line))) return;
    const show = stream === 'stderr' || worthSeeing.has(levelOf(line)) ? to.onProblem : to.onDetail;
    show(`${functionName}: ${isCounted ? withoutMetrics(line) : readable(line)}`);
  };
}

const WithStack = z.looseObject({ error: z.looseObject({ stack: z.string() }) });

/** A failure's line with its stack below, one call per line; any other line unchanged. */
function readable(line: string): string {
  if (!line.includes('"stack"')) return line;
  try {
    const written = JSON.parse(line);
    if (!WithStack.safeParse(written).success) return line;
    const { stack, ...error } = written.error;
    return `${JSON.stringify({ ...written, error })}\n${stack}`;
  } catch {
    return line;
  }
}

function withoutMetrics(line: string): string {
  const { _aws, ...fields } = JSON.parse(line);
  return JSON.stringify(fields);
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
