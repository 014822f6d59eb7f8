import type { LiveConfiguration } from '../../ports/configuration.ts';
import { namedHeaders } from '../configuration/named-headers.ts';
import type { SourceFile, SourceState } from '../configuration/schema.ts';
import { mappingsOf } from '../configuration/triggers.ts';
import { own } from '../json/values.ts';
import { type CompiledMapping, compileMapping } from '../mappings/parameter-value.ts';
import type { Mapping } from '../mappings/schema.ts';
import type { Verifier } from '../signatures/verifier.ts';
import { sourceKind } from '../sources/index.ts';
import type { SourceKind } from '../sources/source.ts';
import { type EffectiveSettings, effectiveSettings, redactedMembers, verifierOf } from './effective-settings.ts';
import { sourceState } from './source-state.ts';

/**
 * A source prepared for events: its content, its state in this environment, its mappings by event
 * type.
 */
export type PreparedSource = {
  key: string;
  file: SourceFile;
  state: SourceState;
  /** Undefined for a kind that this version of the code does not know. */
  kind: SourceKind | undefined;
  settings: EffectiveSettings;
  verifier: Verifier;
  /** Names of members whose values are never stored; they may have `*` at their ends. */
  redact: readonly string[];
  /**
   * Headers that its configuration reads, in lower case: kept with each event, except credentials.
   */
  namedHeaders: readonly string[];
  /**
   * In the order of the file, then those of workflows' triggers. Compiled at a type's first event.
   */
  mappingsOf(eventType: string): readonly CompiledMapping[];
  /** The largest number of mappings of one event type. */
  mostMappings: number;
};

/** @returns undefined for a source that is not committed in this environment */
export function prepareSource(configuration: LiveConfiguration, key: string): PreparedSource | undefined {
  const file = own(configuration.snapshot.sources, key);
  return file && prepareFile(configuration, key, file);
}

/**
 * A source as its file says: for one without a file as well, if the key is not that of another.
 */
export function prepareFile(configuration: LiveConfiguration, key: string, file: SourceFile): PreparedSource {
  let prepared = cache.get(configuration);
  if (prepared === undefined) {
    prepared = new Map();
    cache.set(configuration, prepared);
  }
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const state = sourceState(configuration, key);
  const kind = sourceKind(file.kind);
  const settings = effectiveSettings(kind, file, state);
  const mappings = mappingsOf(configuration.snapshot, key);
  const source: PreparedSource = {
    key,
    file,
    state,
    kind,
    settings,
    verifier: verifierOf(kind, file),
    redact: redactedMembers(kind, file),
    namedHeaders: namedHeaders({ file, mappings, settings }),
    ...indexByEventType(mappings),
  };
  prepared.set(key, source);
  return source;
}

// A configuration object exists as long as its version is in force, so prepared sources are cached
// with it.
const cache = new WeakMap<LiveConfiguration, Map<string, PreparedSource>>();

const none: readonly CompiledMapping[] = [];

function indexByEventType(mappings: readonly Mapping[]): Pick<PreparedSource, 'mappingsOf' | 'mostMappings'> {
  const byType = Map.groupBy(mappings, (mapping) => mapping.event);
  const compiled = new Map<string, CompiledMapping[]>();
  const mappingsOf = (eventType: string) => {
    const known = compiled.get(eventType);
    if (known !== undefined) return known;
    const ofType = byType.get(eventType);
    if (ofType === undefined) return none;
    const made = ofType.map(compileMapping);
    compiled.set(eventType, made);
    return made;
  };
  return { mappingsOf, mostMappings: Math.max(0, ...[...byType.values()].map((mappings) => mappings.length)) };
}
