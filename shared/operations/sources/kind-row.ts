import type { GuidedKind } from '../../core/sources/guide.ts';
import { notFound } from '../refusal.ts';
import { didYouMean } from '../words/did-you-mean.ts';
import { senderOf } from './sender-name.ts';

/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */

/** A kind of sender: who it is, how it proves itself, and what a source of it begins with. */
export type KindRow = {
  kind: string;
  title: string;
  /** Who sends, in a sentence: `Stripe`; `your service` for the kinds that take any. */
  sender: string;
  category: string;
  about: string;
  docs: string;
  signs: boolean;
  /** How requests are proved: by a signature, by a secret that they carry, or not at all. */
  proof: 'signature' | 'secret' | 'URL only';
  /** Whether requests of this kind can be checked without a declaration in the source's file. */
  can_check: boolean;
  /** What a sender has to do to be believed; where nothing can be checked, why. */
  instruction: string;
  enforcement: 'on' | 'off' | 'once_set';
  window_hours: number;
  event_types: readonly string[];
  idempotency_key_paths: string[];
  default_mappings: { id: string; event: string; action: string; about: string; optional: boolean }[];
};

export function kindRow(guided: GuidedKind): KindRow {
  const { kind, guide } = guided;
  return {
    kind: kind.id,
    title: kind.title,
    sender: senderOf(kind, guide),
    category: guide.category,
    about: guide.about,
    docs: kind.docs,
    signs: kind.signs ?? false,
    proof: proofOf(guided),
    can_check: kind.verifier.provesNothing !== true,
    instruction: kind.verifier.instruction,
    enforcement: kind.settings.enforcement,
    window_hours: kind.settings.windowHours,
    event_types: guide.eventType.examples,
    idempotency_key_paths: kind.idempotencyKeyPaths.map(({ text }) => text),
    default_mappings: guide.defaultMappings.map(({ about, mapping, optional }) => ({
      id: mapping.id,
      event: mapping.event,
      action: mapping.action,
      about,
      optional: optional ?? false,
    })),
  };
}

/** A sender's kind of proof, in a word or two. */
export function proofOf({ kind, guide }: GuidedKind): KindRow['proof'] {
  if (kind.signs) return 'signature';
  return guide.secret === undefined ? 'URL only' : 'secret';
}

export function unknownKind(name: string, all: readonly GuidedKind[]) {
  const ids = all.map(({ kind }) => kind.id);
  return notFound(
    `"${name}" is not a kind of source${didYouMean(name, ids)}`,
    'npx signalbox sources kinds lists them all',
  );
}
