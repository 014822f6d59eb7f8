/**
 * Parts of Knock's API that this product does not have, by the beginning of their paths. Their 404
 * says so, instead of looking like a missing user. docs/api.md, "Calls".
 */
const parts: readonly { fits: RegExp; what: string }[] = [
  { fits: /^\/v1\/messages(\/|$)|^\/v1\/(users|objects\/[^/]+)\/[^/]+\/messages$/, what: 'messages' },
  { fits: /^\/v1\/users\/[^/]+\/(feed|guides|slack|ms-teams)/, what: 'feeds and guides' },
  { fits: /^\/v1\/(channels|providers)(\/|$)/, what: 'channels' },
  { fits: /\/channel_data(\/|$)/, what: 'channel data by channel: set channel_data with the user or object' },
  { fits: /\/preferences(\/|$)/, what: 'preference sets: set preferences with the user or object' },
  { fits: /^\/v1\/schedules(\/|$)|\/schedules$/, what: 'schedules' },
  { fits: /^\/v1\/(tokens|signing_keys)(\/|$)/, what: 'user tokens' },
];

/** What a path asks for that is not offered; undefined for any other path. */
export function notOffered(path: string): string | undefined {
  return parts.find(({ fits }) => fits.test(path))?.what;
}
