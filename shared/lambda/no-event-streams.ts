/**
 * Stands in for `@smithy/core/event-streams` in function bundles. The SDK imports it for operations
 * that answer with a stream of events. No service that a function calls has one, so it would only
 * add 16 KB of code to each cold start.
 */
export class EventStreamSerde {
  constructor() {
    throw new Error('function bundles hold no code for event streams: see infra/build/bundle-function.js');
  }
}

/** The SDK passes it on to `EventStreamSerde`, and does not call it. */
export const eventStreamSerdeProvider = undefined;
