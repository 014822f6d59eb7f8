import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { problemOf } from './problem.ts';

const heartbeatMs = 15_000;

/**
 * Sends what an iterator yields as server-sent events, each as JSON, until the page goes away. An
 * error is the last one, as the event `problem`.
 * @param begin gets the signal that ends it: an iterator that waits must stop waiting
 */
export function live<Item>(c: Context, begin: (signal: AbortSignal) => AsyncIterable<Item>): Response {
  return streamSSE(c, async (stream) => {
    const gone = new AbortController();
    // The page knows at once that it is connected, and a connection that broke is noticed.
    const beat = setInterval(() => void stream.writeSSE({ event: 'alive', data: '' }), heartbeatMs);
    stream.onAbort(() => {
      clearInterval(beat);
      gone.abort();
    });
    try {
      await stream.writeSSE({ event: 'alive', data: '' });
      if (gone.signal.aborted) return;
      for await (const item of begin(gone.signal)) await stream.writeSSE({ data: JSON.stringify(item) });
    } catch (error) {
      if (!gone.signal.aborted) await stream.writeSSE({ event: 'problem', data: JSON.stringify(problemOf(error)) });
    } finally {
      clearInterval(beat);
    }
  });
}
