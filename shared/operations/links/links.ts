import { readLive } from '../../adapters/dynamodb-configuration.ts';
import {
  deleteSourceLink,
  listSourceLinks,
  revokeSourceLink,
  writeSourceLink,
} from '../../adapters/dynamodb-source-links.ts';
import { linkHash, linkId, makeLinkToken, sealFor } from '../../core/ids/link-token.ts';
import { own } from '../../core/json/values.ts';
import { sourceState } from '../../core/live/source-state.ts';
import { type LinkGuide, linkWorks, type SourceLink } from '../../ports/source-links.ts';
import type { Environment } from '../environment.ts';
import { failure, notFound, usageError } from '../refusal.ts';
import { ingestUrls, secretsOf } from '../sources/ingest-urls.ts';
import { sourceGuide } from '../sources/source-guides.ts';
import { nearestName } from '../words/did-you-mean.ts';
import { iso, isoOrNull } from '../words/iso.ts';

/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */

/** A read-only link to a source's page, as lists show it: its token is known only to who made it. */
export type LinkRow = {
  id: string;
  source: string;
  created_at: string;
  created_by: string;
  expires_at: string;
  /** Whether the page shows what events hold. */
  payloads: boolean;
  /** Whether the page shows the ingest URL. */
  shows_url: boolean;
  /** The hour of its last use; null when it was never used. */
  last_used_at: string | null;
  revoked_at: string | null;
  revoked_by: string | null;
  state: 'works' | 'expired' | 'revoked';
};

/** `link` is shown this once, and is stored nowhere. */
export type NewLink = Pick<LinkRow, 'id' | 'source' | 'expires_at' | 'payloads' | 'shows_url'> & { link: string };

export type LinkRequest = {
  source: string;
  days: number;
  payloads: boolean;
  /** Whether the page shows the ingest URL, with which events can be sent. */
  showsUrl: boolean;
};

export const linkDaysByDefault = 7;
export const linkDaysMax = 90;
/** The list shows for so long what has ended. */
const keptDays = 30;
/** Below the environment's base URL. */
export const linkPath = '/v1/links/';

/**
 * Makes a link to the page of one source; it works at once.
 * @param entropy `linkEntropyBytes` random bytes
 * @throws Refusal (usage) for too many days; (not_found) for a source that is not live
 */
export async function createLink(
  environment: Environment,
  { source, days, payloads, showsUrl }: LinkRequest,
  { author, nowMs, entropy }: { author: string; nowMs: number; entropy: Uint8Array },
): Promise<NewLink> {
  if (days > linkDaysMax)
    throw usageError(`a link works for at most ${linkDaysMax} days, not ${days}; make another one when it has ended`);
  const live = await readLive(environment.configuration);
  const { snapshot } = live;
  const file = own(snapshot.sources, source);
  if (file === undefined) {
    const keys = Object.keys(snapshot.sources);
    const near = nearestName(source, keys);
    throw notFound(
      `there is no source "${source}" live in ${environment.name}${near === undefined ? '' : `; did you mean "${near}"?`}`,
      keys.length > 0 ? `there are: ${keys.join(', ')}` : 'no source is live yet: npx signalbox config push --commit',
    );
  }
  const { url } = sourceState(live, source);
  const token = makeLinkToken(entropy);
  const hash = linkHash(token);
  if (hash === undefined) throw new Error('a token that was just made could not be read');
  const ingestUrl = showsUrl ? (await ingestUrls(environment, await secretsOf(environment)))(source, url) : undefined;
  const link: SourceLink = {
    id: linkId(hash),
    hash,
    source,
    payloads,
    guide: await guideOf(file.kind, { key: source, environment: environment.name }),
    urlGeneration: url.generation,
    createdAtMs: nowMs,
    createdBy: author,
    expiresAtMs: nowMs + days * 86_400_000,
    ...(ingestUrl !== undefined && { sealedUrl: sealFor(token, ingestUrl, entropy) }),
  };
  await writeSourceLink(environment.configuration, link);
  await deleteOldLinks(environment, nowMs);
  const { id, expires_at, shows_url } = linkRow(link, nowMs);
  const address = environment.outputs.IngestUrl.replace(/\/$/, '') + linkPath + token;
  return { id, source, link: address, expires_at, payloads, shows_url };
}

/** So that the list stays short. The table itself lets nothing of the configuration expire. */
async function deleteOldLinks({ configuration }: Pick<Environment, 'configuration'>, nowMs: number): Promise<void> {
  for (const { hash, expiresAtMs, revokedAtMs } of await listSourceLinks(configuration)) {
    const endedAtMs = Math.min(expiresAtMs, revokedAtMs ?? Number.POSITIVE_INFINITY);
    if (endedAtMs < nowMs - keptDays * 86_400_000) await deleteSourceLink(configuration, hash);
  }
}

/** What the page says of the vendor. Functions load no guides, so a link keeps its own. */
async function guideOf(kind: string, names: { key: string; environment: string }): Promise<LinkGuide> {
  const guided = await sourceGuide(kind);
  if (guided === undefined) throw new Error(`there is no kind of source "${kind}"`);
  const { about, setup, secret, templates = [] } = guided.guide;
  return {
    title: guided.kind.title,
    about,
    steps: setup.map((step) => step.replaceAll('{key}', names.key).replaceAll('{environment}', names.environment)),
    templates: templates.map(({ title, text }) => ({ title, text })),
    ...(secret && { secretWhere: secret.where }),
  };
}

/**
 * Links that were made here, the oldest first. One that has ended is listed for 30 days at least, until
 * the next link is made.
 * @param source of this source alone; absent: of all
 */
export async function listLinks(
  { configuration }: Pick<Environment, 'configuration'>,
  source: string | undefined,
  nowMs: number,
): Promise<LinkRow[]> {
  const links = await listSourceLinks(configuration);
  return links.filter((link) => source === undefined || link.source === source).map((link) => linkRow(link, nowMs));
}

/**
 * Ends a link: its next request is answered as if there had never been one.
 * @throws Refusal (not_found) for an unknown id; (failed) for a link that was revoked before
 */
export async function revokeLink(
  environment: Pick<Environment, 'name' | 'configuration'>,
  id: string,
  { author, nowMs }: { author: string; nowMs: number },
): Promise<LinkRow> {
  const links = await listSourceLinks(environment.configuration);
  const found = links.find((link) => link.id === id);
  if (found === undefined) {
    const ofSource = links.filter((link) => link.source === id && linkWorks(link, nowMs));
    const remedy = ofSource.map((link) => `a link of ${id} that works has the id ${link.id}`);
    throw notFound(
      `there is no link ${id} in ${environment.name}`,
      ...(remedy.length > 0 ? remedy : ['npx signalbox sources links shows the ids']),
    );
  }
  const isRevoked = await revokeSourceLink(environment.configuration, found.hash, { nowMs, author });
  if (!isRevoked) throw failure(`the link ${id} of ${found.source} was revoked before`, 'it opens nothing already');
  return linkRow({ ...found, revokedAtMs: nowMs, revokedBy: author }, nowMs);
}

function linkRow(link: SourceLink, nowMs: number): LinkRow {
  return {
    id: link.id,
    source: link.source,
    created_at: iso(link.createdAtMs),
    created_by: link.createdBy,
    expires_at: iso(link.expiresAtMs),
    payloads: link.payloads,
    shows_url: link.sealedUrl !== undefined,
    last_used_at: isoOrNull(link.lastUsedAtMs),
    revoked_at: isoOrNull(link.revokedAtMs),
    revoked_by: link.revokedBy ?? null,
    state: link.revokedAtMs !== undefined ? 'revoked' : linkWorks(link, nowMs) ? 'works' : 'expired',
  };
}
