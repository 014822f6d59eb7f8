import { formatCount } from '../words/text.ts';
import type { Job } from './jobs.ts';

/** What the things of a job are called. */
const things: Record<Job['kind'], string> = {
  replay: 'events',
  discard: 'events',
  release: 'runs',
  release_source: 'events',
  erase: 'rows',
  drain: 'dead letters',
};

export function thingsOf({ kind }: Pick<Job, 'kind'>): string {
  return things[kind];
}

/** Of a release: a run that was cancelled or begun already, or whose recipients are unknown still. */
const outcomeWords: Record<string, string> = { ended: 'had nothing to release' };
/** An erasure counts rows by what they are. */
const singulars: Record<string, string> = {
  events: 'event',
  actions: 'action',
  runs: 'run',
  claims: 'claim',
  mentions: 'mention',
  jobs: 'job',
};

function wordFor(name: string, count: number): string {
  return (count === 1 ? singulars[name] : undefined) ?? outcomeWords[name] ?? name;
}

/** `12 released, 1 failed`; with `all`, also what did not happen. */
export function countsText(counts: Job['counts'], { all }: { all: boolean }): string {
  return Object.entries(counts)
    .filter(([, count]) => all || count > 0)
    .map(([name, count]) => `${formatCount(count)} ${wordFor(name, count)}`)
    .join(', ');
}

/** How much a job has done of how much: `12 of 14`. What came while it ran is more than it began with. */
export function doneText({ total, counts }: Pick<Job, 'total' | 'counts'>): string {
  const done = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (done <= total) return `${formatCount(done)} of ${formatCount(total)}`;
  return `${formatCount(done)}: ${formatCount(total)} when it began, and ${formatCount(done - total)} that came while it ran`;
}
