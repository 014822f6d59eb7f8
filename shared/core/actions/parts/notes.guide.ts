/* What guides of several actions say alike. */

export const missing = (names: string) => `${names} resolved to nothing: missing, null, empty text or an empty list`;
export const deleteNotes = [
  'First the entity, then what hangs on it, page by page; an attempt that dies or runs out of time is made again.',
  'Deleting what is not there succeeds with `deleted: false`, and is remembered for 90 days all the same: a late event from before it brings nothing back.',
  'What happened after the delete stays, also when it arrived first: an entity that was described again keeps that, and its runs.',
  'Besides `deleted`, `result` has `subscriptions`, `memberships` and `runs_cancelled` where there were any. A run that was handed off is cancelled where its target can take it back; while a target that has to be told is away, the action waits as `table_unavailable`.',
];
export const setNotes = (fields: string, identity: string) => [
  `\`properties\` may name the entity's own fields (${fields}); a parameter given by itself wins over them. \`createdAt\` means \`created_at\`, which is read from a date-time, a date, or seconds or milliseconds since 1970. Everything else in \`properties\` is a custom property.`,
  `Nothing vanishes without a word. A field with a value of the wrong type, a property that nests deeper than 30 levels and one whose name cannot be stored are left out with the warning \`property_ignored\`, and the rest is stored. So are ${identity} that name another entity, and \`updated_at\`, which the directory keeps itself.`,
  'A field that is absent or blank says nothing, so an empty cell wipes no address. `null` in `properties` empties it on purpose: `properties: { name: { value: null } }`. A custom property holds what it is given, `""` and `null` too ([why](../decisions/0026-absent-null-and-empty-in-the-directory.md)).',
  'Maps are merged key by key at every depth; lists and scalars are replaced, and nothing is ever removed. `channel_data` is merged by channel, each channel’s data replaced whole.',
  'Source time decides per top-level property: an event that happened earlier and arrives late only adds what is not there yet, and says so with the warning `older_than_stored`. After a later delete it does nothing, with the warning `deleted_later`.',
  'All attributes together have at most 256 KB as JSON and fit an item of 400 KB with their times; what would be larger is refused before it is written.',
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
