import { plural } from '../words/text.ts';
import { formatDuration, formatTime } from '../words/times.ts';
import type { FollowNote } from './follow-events.ts';

/** Why a follower may not show every event yet, in words. */
export function followNoteText(note: FollowNote): string {
  switch (note.kind) {
    case 'blind':
      return `BLIND since ${formatTime(note.sinceMs)}, still trying: ${note.problem}`;
    case 'seeing_again':
      return `reading again after ${formatDuration(note.blindForMs)}; events of that time follow`;
    case 'too_many':
      return `too many events to look through: late ones from before ${formatTime(note.backToMs)} may be missing here`;
    case 'slow':
      return `behind: the last look took ${formatDuration(note.tookMs)}`;
    case 'waiting': {
      const parked = note.parked === 0 ? '' : `, and ${plural(note.parked, 'event')} in its dead-letter queue`;
      return `nothing was logged; ${plural(note.waiting, 'event')} in the events queue${parked}`;
    }
  }
}
