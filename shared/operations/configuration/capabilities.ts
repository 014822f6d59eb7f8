import { actions } from '../../core/actions/index.ts';
import { folderOf, type ResourceRef, type ResourceType } from '../../core/configuration/resources.ts';
import type { Snapshot } from '../../core/configuration/schema.ts';
import { Target } from '../../core/configuration/targets/index.ts';
import { formatOf, snapshotFormat } from '../../core/configuration/unreadable.ts';
import { sourceKinds } from '../../core/sources/index.ts';

/**
 * What a stack's functions can use. A configuration that needs more would make each request a 503.
 */
export type Capabilities = {
  format: number;
  kinds: readonly string[];
  actions: readonly string[];
  targets: readonly string[];
};

/** The capabilities of this code; a stack has those of the code that it was deployed with. */
export const capabilities: Capabilities = {
  format: snapshotFormat,
  kinds: sourceKinds.map(({ id }) => id),
  actions: actions.map(({ id }) => id),
  targets: Target.options.map(({ shape }) => shape.type.value),
};

const testMark = 'test';

/** Whether a stack's functions tell targets of test runs; those of older stacks do not. */
export function marksTests({ KnownMarks = '' }: { KnownMarks?: string | undefined }): boolean {
  return KnownMarks.split(' ').includes(testMark);
}

/** As a stack publishes them, in outputs of at most 1,024 bytes each. */
export type CapabilityOutputs = {
  KnownFormat: string;
  KnownKinds: string;
  KnownActions: string;
  KnownTargets: string;
  /** What runs can be marked as for their targets; no configuration needs it. */
  KnownMarks: string;
};

export function capabilityOutputs({ format, kinds, actions, targets }: Capabilities): CapabilityOutputs {
  const text = (names: readonly string[]) => names.join(' ');
  return {
    KnownFormat: String(format),
    KnownKinds: text(kinds),
    KnownActions: text(actions),
    KnownTargets: text(targets),
    KnownMarks: testMark,
  };
}

/** @returns undefined for an older stack, which does not publish them */
export function capabilitiesFrom(
  outputs: { [Name in Exclude<keyof CapabilityOutputs, 'KnownMarks'>]?: string | undefined },
): Capabilities | undefined {
  const { KnownFormat, KnownKinds, KnownActions, KnownTargets } = outputs;
  if (KnownFormat === undefined || KnownKinds === undefined || KnownActions === undefined || KnownTargets === undefined)
    return undefined;
  const names = (text: string) => text.split(' ');
  return {
    format: Number(KnownFormat),
    kinds: names(KnownKinds),
    actions: names(KnownActions),
    targets: names(KnownTargets),
  };
}

/** What a resource needs and the functions lack. `format`: the format of the whole snapshot. */
export type UnknownNeed =
  | (ResourceRef & { need: 'kind' | 'action' | 'target'; name: string })
  | { need: 'format'; name: string };

/**
 * Everything in a snapshot that functions with these capabilities can't work with, once per
 * resource and name.
 */
export function unknownNeeds(snapshot: Snapshot, { format, ...known }: Capabilities): UnknownNeed[] {
  const found = new Map<string, UnknownNeed>();
  const wanted = formatOf(snapshot);
  if (wanted > format) found.set('format', { need: 'format', name: String(wanted) });
  const needs = (type: ResourceType, key: string, need: 'kind' | 'action' | 'target', name: string) => {
    if (known[`${need}s`].includes(name)) return;
    found.set(`${folderOf(type)}/${key} ${need} ${name}`, { type, key, need, name });
  };
  for (const [key, { kind, mappings }] of Object.entries(snapshot.sources)) {
    needs('source', key, 'kind', kind);
    for (const { action } of mappings) needs('source', key, 'action', action);
  }
  for (const [key, { target }] of Object.entries(snapshot.workflows))
    for (const { type } of Object.values(target)) needs('workflow', key, 'target', type);
  return [...found.values()];
}
