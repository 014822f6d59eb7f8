import { v5 as uuidV5 } from 'uuid';

/**
 * The namespace of every id that Signalbox derives. Never change it: an id that is derived twice
 * must be the same.
 */
export const signalboxNamespace = '960280ac-93f1-4289-8a2d-b5f79a4bd6b2';

/**
 * The id of one action within an execution, and of the workflow run that a trigger starts: UUIDv5
 * of both names, so that redeliveries, replays and resends of an execution have the same effect.
 */
export function invocationId(execution: string, mappingId: string): string {
  return uuidV5(`${execution}#${mappingId}`, signalboxNamespace);
}
