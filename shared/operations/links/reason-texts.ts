import type { RefusalReason } from '../../core/ingest/refusal.ts';
import type { EventReason } from '../../core/logs/event-log-entry.ts';
import type { UnavailableReason } from '../../ports/refusal-notes.ts';

/*
 * Each reason in words for the person at the sender's side, who knows nothing of this installation:
 * what happened, and who changes what. For operators, docs/log-tables.md and docs/runbooks say more.
 */

export type ReasonText = {
  means: string;
  /** Absent: there is nothing to change. */
  change?: string;
  /** In place of `change` for a payload that was just pasted; empty: the detail beside it says all. */
  changePasted?: string;
};

const ours = 'Nothing at your side. The person who gave you this link can see why.';
const again = 'Nothing at your side, if your sender tries again after 503. Tell the person who gave you this link.';

export const eventReasonTexts: Readonly<Record<EventReason, ReasonText>> = {
  no_mapping_for_type: {
    means: 'No mapping is made for events of this type.',
    change:
      'Compare the type letter by letter with those below. If it is right, ask for a mapping, or stop sending it.',
    changePasted:
      'Compare the type letter by letter with those above. If it is right, ask for a mapping, or stop sending it.',
  },
  identify_disabled: { means: 'Identify events are switched off for this source.', change: ours },
  mapping_inactive: { means: 'The mapping of this type is switched off.', change: ours },
  conditions_not_met: {
    means: 'The mapping asks for something that this event does not hold.',
    change: 'Paste the event below: it is said which field was asked for, and what was found.',
    changePasted: '',
  },
  not_verified: {
    means: 'The event would delete something, and it was not proved who sent it.',
    change: 'Sign the requests, or send the secret, as the set-up below says.',
  },
  duplicate: { means: 'A copy of an event that ran before. It runs once.' },
  source_disabled: { means: 'This source is switched off: events are kept, and nothing runs.', change: ours },
  source_missing: { means: 'This source was taken out of the configuration.', change: ours },
  not_an_object: { means: 'The event is not a JSON object.', change: 'Send a map: `{ … }`.' },
  payload_invalid: {
    means: 'The event lacks a field that this kind of sender always has, or the field is of the wrong form.',
    change: 'Paste the event below: it is said which field.',
    changePasted: '',
  },
  event_type_missing: {
    means: 'It cannot be told what type the event has.',
    change: 'Paste the event below: it is said where the type is looked for.',
    changePasted: '',
  },
  preprocess_failed: { means: 'An expression of this source failed for the event.', change: ours },
  too_many_actions: { means: 'The event leads to more actions than one event may.', change: ours },
  person_erased: { means: 'The event is about a person whose data was erased. Nothing of it is kept.' },
  request_refused: {
    means: 'The call was refused.',
    change: 'Read the answer that your sender got: it names the field.',
  },
  retries_exhausted: { means: 'A fault at this side lasted too long. The event is kept.', change: ours },
  message_unreadable: { means: 'A fault at this side. The event is kept.', change: ours },
  source_paused: { means: 'This side has paused the source. The event is kept and runs later.' },
};

export const refusalTexts: Readonly<Record<RefusalReason | UnavailableReason, ReasonText>> = {
  source_unknown: { means: 'The URL names no source.', change: 'Copy the URL again, whole.' },
  token_wrong: { means: 'The last part of the URL is wrong.', change: 'Copy the URL again, whole.' },
  method_not_allowed: { means: 'The request was not a POST.', change: 'Set the method to POST.' },
  signature_missing: {
    means: 'The request brought neither a signature nor the secret.',
    change: 'Switch signing on, or send the secret, as the set-up below says.',
  },
  signature_wrong: {
    means: 'The signature or the secret does not match.',
    change:
      'Compare the secret at both sides. A proxy on the way must not change the body, since the signature covers its bytes.',
  },
  signature_partial: {
    means: 'The signature covers only the first event of the request.',
    change: 'Send one event per request.',
  },
  body_empty: { means: 'The request had no body.', change: 'Send the event as JSON in the body.' },
  body_not_gzip: { means: 'The body says that it is gzip, and is not.', change: 'Leave `Content-Encoding` out.' },
  body_not_compressed: {
    means: 'The body is not compressed as its header says.',
    change: 'Leave `Content-Encoding` out, or name the one that is used.',
  },
  body_not_utf8: { means: 'The body is not UTF-8.', change: 'Send UTF-8.' },
  body_too_deep: { means: 'The body nests too deeply.', change: 'Send it flatter.' },
  body_not_json: {
    means: 'The body is not JSON.',
    change: 'Look for quotes and commas in the template of the body, or paste it below: the place is named.',
    changePasted: 'Look for quotes and commas in the template of the body.',
  },
  body_not_events: { means: 'The body holds no events.', change: 'Send one event, or a list of them.' },
  batch_not_accepted: { means: 'One request held several events.', change: 'Send one event per request.' },
  event_invalid: {
    means: 'The event is not of the form that this source promises.',
    change: 'Read the answer that your sender got: it names the field.',
  },
  body_too_large: { means: 'The request is too large.', change: 'Send fewer events per request.' },
  batch_too_long: { means: 'The request held too many events.', change: 'Send fewer events per request.' },
  event_too_large: { means: 'One event is too large.', change: 'Send fewer or shorter fields.' },
  encoding_unsupported: { means: 'The content encoding is not known here.', change: 'Send gzip, or no encoding.' },
  uncommitted: { means: 'Nothing is set up here yet.', change: again },
  secret_missing: { means: 'Requests must be proved, and no secret is set here.', change: again },
  time_over: { means: 'The answer took too long.', change: again },
  service_unavailable: { means: 'A service at this side was away for a moment.', change: again },
  internal: { means: 'A fault at this side.', change: again },
  scheduled_for_deletion: { means: 'The secret at this side cannot be used.', change: again },
  no_current_version: { means: 'The secret at this side cannot be used.', change: again },
  binary: { means: 'The secret at this side cannot be used.', change: again },
  empty: { means: 'The secret at this side cannot be used.', change: again },
  malformed: { means: 'The secret at this side cannot be used.', change: again },
  access_denied: { means: 'The secret at this side cannot be read.', change: again },
  key_unusable: { means: 'The secret at this side cannot be read.', change: again },
  store_unavailable: { means: 'The secret at this side could not be read for a moment.', change: again },
};

/** The text of a reason where the payload was pasted: it sends no one to paste it. */
export function ofPasted({ means, change, changePasted = change }: ReasonText): ReasonText {
  return { means, ...(changePasted !== undefined && changePasted !== '' && { change: changePasted }) };
}

/** @param reason of a row that an older or newer version may have written */
export function textOfReason(texts: Readonly<Record<string, ReasonText>>, reason: string): ReasonText {
  return Object.hasOwn(texts, reason) ? (texts[reason] as ReasonText) : { means: 'See the reason.', change: ours };
}
