import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { own } from '../../core/json/values.ts';
import { effectiveSettings, verifierOf } from '../../core/live/effective-settings.ts';
import { sourceState } from '../../core/live/source-state.ts';
import type { BodyTemplate } from '../../core/sources/guide.ts';
import type { Environment } from '../environment.ts';
import { unknownSource } from '../settings/change.ts';
import { unknownName } from '../settings/unknown-name.ts';
import { senderOf } from './sender-name.ts';
import { filled, type StepPart, stepParts } from './setup-steps.ts';
import { sourceGuide } from './source-guides.ts';

/** How a source is set up at its vendor: the guide of its kind, for this source. It holds no URL. */
export type SourceSetup = {
  key: string;
  name: string;
  kind: string;
  title: string;
  /** Who sends: `Stripe`; of the kinds for any service, `your service`. */
  sender: string;
  about: string;
  /** The vendor's own page about its payloads. */
  docs: string;
  steps: StepPart[][];
  templates: BodyTemplate[];
  /** Null: no request can be proved, so a secret would be of no use. */
  secret: {
    /** `vendor`: shown in its dashboard. `generated`: made by us. `chosen`: any text, the same on both sides. */
    from: 'vendor' | 'generated' | 'chosen';
    where: string;
    /** Whether one can be made here. */
    can_generate: boolean;
  } | null;
  /** What a sender has to do to be believed. */
  instruction: string;
  enforcement: 'on' | 'off' | 'once_set';
  behaviour: { timeout: string; retries: string; drops: string };
  pitfalls: readonly string[];
};

/** @throws Refusal (not_found) for a source that is not live, or of a kind that is not known here */
export async function readSourceSetup(environment: Environment, key: string): Promise<SourceSetup> {
  const live = await readLive(environment.configuration);
  const unknown = unknownSource(live, key);
  const file = own(live.snapshot.sources, key);
  const guided = file && (await sourceGuide(file.kind));
  if (unknown !== undefined) throw unknownName(unknown, environment.name);
  if (file === undefined || guided === undefined) throw new Error(`there is no guide of kind "${file?.kind}"`);
  const { kind, guide } = guided;
  const verifier = verifierOf(kind, file);
  const { timeout, retries, drops } = guide.behaviour;
  // A file that declares a check has a secret of its own, also where the kind has none.
  const { from, where } = (file.verification === undefined && guide.secret) || {
    from: 'chosen' as const,
    where: 'the sender, in the form that `verification` in the file declares',
  };
  return {
    key,
    name: file.name,
    kind: kind.id,
    title: kind.title,
    sender: senderOf(kind, guide),
    about: guide.about,
    docs: kind.docs,
    steps: guide.setup.map((step) => stepParts(step, { key, environment: environment.name })),
    templates: [...(guide.templates ?? [])],
    secret: verifier.provesNothing ? null : { from, where, can_generate: verifier.newSecret !== undefined },
    instruction: verifier.instruction,
    enforcement: effectiveSettings(kind, file, sourceState(live, key)).enforcement,
    behaviour: { timeout, retries, drops },
    pitfalls: guide.pitfalls.map((text) => filled(text, { key, environment: environment.name, url: undefined })),
  };
}
