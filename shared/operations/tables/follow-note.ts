import { plural } from '../words/text.ts';
import { formatDuration, formatTime } from '../words/times.ts';
import type { FollowNote } from './follow.ts';

/** Why a follower may not show everything yet, in words. */
export function followNoteText(note: FollowNote): string {
  switch (note.kind) {
    case 'blind':
      return `BLIND since ${formatTime(note.sinceMs)}, still trying: ${note.problem}`;
    case 'seeing_again':
      return `reading again after ${formatDuration(note.blindForMs)}; what was logged meanwhile follows`;
    case 'too_many':
      return `too many rows to look through: late ones from before ${formatTime(note.backToMs)} may be missing here`;
    case 'slow':
      return `behind: the last look took ${formatDuration(note.tookMs)}`;
    case 'waiting': {
      // A message holds one event, or the actions of one.
      const what = note.queue === 'events' ? 'event' : 'message';
      const parked = note.parked === 0 ? '' : `, and ${plural(note.parked, what)} in its dead-letter queue`;
      return `nothing was logged; ${plural(note.waiting, what)} in the ${note.queue} queue${parked}`;
    }
  }
}
