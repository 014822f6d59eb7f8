import type { RunRequest, TargetAnswer } from '../../shared/ports/workflow-target.ts';
import type { Random } from '../support/random.ts';

export const moods = ['well', 'down', 'busy', 'hangs', 'refuses', 'forgetful'] as const;
export type Mood = (typeof moods)[number];

/** Somebody else's service, that keeps to its part: what it is asked twice under one id it does once. */
export class TargetModel {
  mood: Mood = 'well';
  /** What was done, by idempotency key. */
  readonly done = new Map<string, RunRequest>();
  calls = 0;

  /** @param wait until the clock has gone on by so many milliseconds */
  async start(
    request: RunRequest,
    random: Random,
    wait: (milliseconds: number) => Promise<void>,
  ): Promise<TargetAnswer> {
    this.calls++;
    switch (this.mood) {
      case 'well':
        this.done.set(request.messageId, request);
        return { kind: 'accepted', reference: { status: 202 } };
      case 'down':
        return { kind: 'unavailable', reason: 'target_unavailable', detail: 'answered 503' };
      case 'busy':
        return { kind: 'unavailable', reason: 'target_busy', detail: 'answered 429', retryAfterSeconds: 40 };
      case 'hangs':
        await wait(request.timeoutMs);
        return { kind: 'unavailable', reason: 'target_timeout', detail: `no answer in ${request.timeoutMs} ms` };
      case 'refuses':
        return { kind: 'refused', detail: 'answered 422' };
      case 'forgetful':
        this.done.set(request.messageId, request);
        if (random() < 0.5) return { kind: 'accepted' };
        return { kind: 'unavailable', reason: 'target_unavailable', detail: 'did it, and the connection was reset' };
    }
  }
}
