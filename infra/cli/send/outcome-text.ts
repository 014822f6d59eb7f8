import type { SendOutcome } from '../../../shared/operations/send/outcomes.ts';
import { plural, printable } from '../../../shared/operations/words/text.ts';

/** `2 actions of ship (target_refused): the target answered 400; npx signalbox why 01K…` */
export function outcomeText({ what, count, workflow, reason, detail, next }: SendOutcome): string {
  const of = workflow === undefined ? '' : ` of ${workflow}`;
  const about = detail === null ? '' : `: ${detail}`;
  // What is held says itself how it goes on.
  return printable(`${plural(count, what)}${of} (${reason})${about}${about.includes(next) ? '' : `; ${next}`}`);
}
