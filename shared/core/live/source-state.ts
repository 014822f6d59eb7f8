import type { LiveConfiguration } from '../../ports/configuration.ts';
import { defaultSourceState } from '../configuration/defaults.ts';
import type { SourceState } from '../configuration/schema.ts';

/** A source's state; defaults for one whose state was never set. */
export function sourceState({ state }: LiveConfiguration, key: string): SourceState {
  return Object.hasOwn(state.sources, key) ? (state.sources[key] as SourceState) : defaultSourceState;
}
