import type { DiscardRow } from '../../../../shared/operations/events/event-row.ts';

/** Why a row is closed, and by whom. */
export const discardedText = ({ reason, by }: DiscardRow) => `discarded: ${reason} · ${by.replace(/ <.*/, '')}`;
