/**
 * A part of Knock's API that this product does not have. Its 404 says so, instead of looking like a
 * missing user. docs/api.md, "Calls".
 */
export type NotOffered = {
  /** Its paths. A path that is also a route's is the route's. */
  fits: RegExp;
  /** As the 404 and the documents name it. */
  what: string;
  /** As the official client names them; a star stands for all of a resource. */
  calls: readonly string[];
};

export const partsNotOffered: readonly NotOffered[] = [
  {
    fits: /^\/v1\/(channels\/[^/]+\/)?messages(\/|$)|^\/v1\/(users|objects\/[^/]+)\/[^/]+\/messages$/,
    what: 'messages',
    calls: ['messages.*', 'channels.bulk.*', 'users.listMessages', 'objects.listMessages'],
  },
  {
    fits: /^\/v1\/users\/[^/]+\/(feeds?|guides|slack|ms-teams)(\/|$)/,
    what: 'feeds and guides',
    calls: ['users.feeds.*', 'users.guides.*'],
  },
  { fits: /^\/v1\/(channels|providers)(\/|$)/, what: 'channels', calls: ['providers.*'] },
  {
    fits: /\/channel_data(\/|$)/,
    what: 'channel data by channel: set channel_data with the user or object',
    calls: [
      ...['users.getChannelData', 'users.setChannelData', 'users.unsetChannelData'],
      ...['objects.getChannelData', 'objects.setChannelData', 'objects.unsetChannelData'],
    ],
  },
  {
    fits: /\/preferences(\/|$)/,
    what: 'preference sets: set preferences with the user or object',
    calls: [
      ...['users.getPreferences', 'users.listPreferences', 'users.setPreferences', 'users.unsetPreferences'],
      ...['objects.getPreferences', 'objects.listPreferences', 'objects.setPreferences', 'objects.unsetPreferences'],
      'users.bulk.setPreferences',
    ],
  },
  { fits: /\/preference_center(\/|$)/, what: 'preference centers', calls: ['users.preferenceCenter.*'] },
  {
    fits: /^\/v1\/schedules(\/|$)|\/schedules$/,
    what: 'schedules',
    calls: ['schedules.*', 'users.listSchedules', 'objects.listSchedules'],
  },
  { fits: /^\/v1\/(tokens|signing_keys)(\/|$)/, what: 'user tokens', calls: [] },
  { fits: /^\/v1\/notify(\/|$)/, what: 'the older form of workflows.trigger and workflows.cancel', calls: [] },
];

/** What a path asks for that is not offered; undefined for any other path. */
export function notOffered(path: string): string | undefined {
  return partsNotOffered.find(({ fits }) => fits.test(path))?.what;
}
