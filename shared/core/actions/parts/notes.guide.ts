/* What guides of several actions say alike. */

export const missing = (names: string) => `${names} resolved to nothing: missing, null, empty text or an empty list`;
export const deleteNotes = [
  'First the entity, then what hangs on it, page by page; an attempt that dies or runs out of time is made again.',
  'Deleting what is not there succeeds with `deleted: false`, and is remembered for 90 days all the same: a late event from before it brings nothing back.',
  'What happened after the delete stays, also when it arrived first: an entity that was described again keeps that, and its runs.',
  'Besides `deleted`, `result` has `subscriptions`, `memberships` and `runs_cancelled` where there were any. A run that was handed off is cancelled where its target can take it back; while a target that has to be told is away, the action waits as `table_unavailable`.',
];
export const setNotes = (fields: string, identity: string) => [
  `\`properties\` may name the entity's own fields (${fields}); a parameter given by itself wins over them. One of them with a value of the wrong type is left out, with the warning \`property_ignored\`; ${identity}, \`updated_at\` and \`__typename\` are passed over; everything else in \`properties\` is a custom property.`,
  'Maps are merged key by key at every depth; lists and scalars are replaced; `null` inside `properties` is a value, and nothing is ever removed. `channel_data` is merged by channel, each channel’s data replaced whole.',
  'Source time decides per top-level property: an event that happened earlier and arrives late only adds what is not there yet, and says so with the warning `older_than_stored`. After a later delete it does nothing, with the warning `deleted_later`.',
  'All attributes together have at most 256 KB as JSON, and each nests at most 30 levels deep.',
];
export const inlineNote =
  'Whoever is described inline (a map with an `id`) is written to the directory first, with the merge rules of [users_identify](users-identify.md) and [objects_set](objects-set.md).';
export const targetReasons = {
  target_unavailable:
    'the target could not be reached or answered 5xx, or is left alone for now since it keeps failing',
  target_timeout: 'the target did not answer in time',
  target_busy: 'the target asked to be called less',
  secret_missing: 'the target needs a secret that is not set',
} as const;
