/* What guides of several actions say alike. */

export const missing = (names: string) => `${names} resolved to nothing: missing, null, empty text or an empty list`;
export const deleteNotes = [
  'It deletes first the entity, then what belongs to it, page by page. An attempt that dies or runs out of time is repeated.',
  'Deleting a missing entity succeeds with `deleted: false`. It is also kept for 90 days, so that an earlier event that arrives late does not bring the entity back.',
  'Data from after the delete stays, even if it arrived first: an entity that was described again keeps that description and its runs.',
  'In addition to `deleted`, `result` has `subscriptions`, `memberships` and `runs_cancelled` if there were any. A handed-off run is cancelled if its target takes cancellations; while such a target is unavailable, the action waits as `table_unavailable`.',
];
export const setNotes = (fields: string, identity: string) => [
  `\`properties\` may name the entity's own fields (${fields}); a separate parameter wins over them. \`createdAt\` means \`created_at\`, which is read from a date-time, a date, or seconds or milliseconds since 1970. Everything else in \`properties\` is a custom property.`,
  `No value is lost silently. A field with a value of the wrong type, a property that nests deeper than 30 levels and one whose name cannot be stored are left out with the warning \`property_ignored\`, and the rest is stored. So are ${identity} that name another entity, and \`updated_at\`, which the directory keeps itself.`,
  'An absent or blank field keeps the stored value, so an empty cell does not delete an address. `null` in `properties` empties it on purpose: `properties: { name: { value: null } }`. A custom property keeps what it is given, `""` and `null` too ([why](../decisions/0026-absent-null-and-empty-in-the-directory.md)).',
  'Maps are merged key by key at every depth; lists and scalars are replaced; members are never removed. `channel_data` is merged by channel, each channel’s data replaced whole.',
  'Source time decides per top-level property: an earlier event that arrives late only adds missing values, with the warning `older_than_stored`. After a later delete it has no effect, with the warning `deleted_later`.',
  'All attributes together have at most 256 KB as JSON and fit an item of 400 KB with their times; a larger entity is refused before the write.',
];
export const inlineNote =
  'A recipient described inline (a map with an `id`) is first written to the directory, with the merge rules of [users_identify](users-identify.md) and [objects_set](objects-set.md).';
export const targetReasons = {
  target_unavailable:
    'the target could not be reached or answered 5xx, or is left alone for now since it keeps failing',
  target_timeout: 'the target did not answer in time',
  target_busy: 'the target asked to be called less',
  secret_missing: 'the target needs a secret that is not set',
} as const;
