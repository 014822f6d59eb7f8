import type { SourceFile } from '../../core/configuration/schema.ts';
import { own } from '../../core/json/values.ts';
import { verifierOf } from '../../core/live/effective-settings.ts';
import { sourceState } from '../../core/live/source-state.ts';
import type { Verifier } from '../../core/signatures/verifier.ts';
import type { SampleSet } from '../../core/sources/guide.ts';
import type { Environment } from '../environment.ts';
import { failure, notFound } from '../refusal.ts';
import { ingestUrls, secretsOf } from '../sources/ingest-urls.ts';
import { pickSources, readSources } from '../sources/known-sources.ts';
import { sourceGuide } from '../sources/source-guides.ts';
import { modeProblem, type SendMode } from './prove.ts';

/** What the sender of a source knows: where it posts, with which headers, and how it proves itself. */
export type Sender = {
  kind: string;
  url: string;
  headers: Record<string, string>;
  verifier: Verifier;
  secret?: string;
  /** Absent: the kind has none. */
  samples?: SampleSet;
};

/**
 * @throws Refusal for a source that is not live, and for a mode that makes no sense with how it is
 * verified
 */
export async function senderOf(environment: Environment, source: string, mode: SendMode): Promise<Sender> {
  const { live, known } = await readSources(environment);
  pickSources(known, source);
  const file: SourceFile | undefined = own(live.snapshot.sources, source);
  if (file === undefined) throw notFound(`source "${source}" is not live any more in ${environment.name}`);
  const secrets = await secretsOf(environment);
  const url = (await ingestUrls(environment, secrets))(source, sourceState(live, source).url);
  const [secret] = (await secrets.valuesOf(`sources/${source}`)) ?? [];
  const guided = await sourceGuide(file.kind);
  const verifier = verifierOf(guided?.kind, file);
  const problem = modeProblem(verifier, mode, secret !== undefined);
  if (problem !== undefined)
    throw failure(problem, ...(secret === undefined ? [`npx signalbox secrets set ${source}`] : []));
  const samples = guided?.guide.samples;
  return {
    kind: file.kind,
    url,
    headers: samples?.headers ?? { 'content-type': 'application/json' },
    verifier,
    ...(secret !== undefined && { secret }),
    ...(samples !== undefined && { samples }),
  };
}
