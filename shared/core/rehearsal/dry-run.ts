import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Preprocessor } from '../../ports/preprocessor.ts';
import type { RawEvent } from '../events/raw-event.ts';
import { own } from '../json/values.ts';
import { prepareSource } from '../live/prepared.ts';
import type { Mapping } from '../mappings/schema.ts';
import { actionsMessageOf } from '../plan/actions-of.ts';
import { type ExplainedMapping, explainMapping } from '../plan/explain-mapping.ts';
import { type ConsideredMapping, type PlannedEvent, planEvent, readAndPlan } from '../plan/plan-event.ts';
import { type Rehearsal, type RehearsalContext, rehearseAction } from './rehearse-action.ts';

/** A mapping of the event's type and all that can be said of it without doing anything. */
export type DryRunMapping = ExplainedMapping & {
  mapping: Mapping;
  verdict: ConsideredMapping['verdict'] | 'source_disabled';
  /** For conditions: what was found instead. */
  detail?: string;
  /** What the action would do; only for a mapping that runs. */
  action?: Rehearsal;
};

/** `preprocessor` is needed where a source has an expression of its own. */
export type DryRunContext = RehearsalContext & { preprocessor?: Preprocessor };

/** What one configuration would make of an event. */
export type DryRun = {
  planned: PlannedEvent;
  /** Whether the source looks for copies by idempotency key here. */
  checksCopies: boolean;
  mappings: DryRunMapping[];
};

/**
 * Takes an event through reading, matching and the first steps of its actions, the way the functions do, without
 * claiming, writing or calling anything. Whether the event is a copy of an earlier one is not looked at.
 * @throws for a payload that is not ours, and for a kind of source that this version does not know
 */
export async function dryRun(raw: RawEvent, context: DryRunContext): Promise<DryRun> {
  const planned = await plan(raw, context.configuration, context);
  const { event } = planned;
  const checksCopies = prepareSource(context.configuration, raw.source)?.settings.idempotency.enabled ?? false;
  if (event === undefined) return { planned, checksCopies, mappings: [] };
  const isDisabled = planned.plan.kind === 'rejected' && planned.plan.reason === 'source_disabled';
  const { considered } = isDisabled ? await plan(raw, switchedOn(context.configuration, raw.source), context) : planned;
  const rehearsals = await rehearseAll(planned, context);
  const mappings = considered.map(({ mapping, verdict, detail }): DryRunMapping => {
    const action = rehearsals.get(mapping.id);
    return {
      mapping,
      // The source's switch stands above whatever else would stop a mapping, and above what would let it run.
      verdict: isDisabled ? 'source_disabled' : verdict,
      ...(detail !== undefined && !isDisabled && { detail }),
      ...explainMapping(mapping, event),
      ...(action && { action }),
    };
  });
  return { planned, checksCopies, mappings };
}

function plan(raw: RawEvent, configuration: LiveConfiguration, { preprocessor }: DryRunContext) {
  return preprocessor === undefined ? planEvent(raw, configuration) : readAndPlan(raw, configuration, preprocessor);
}

async function rehearseAll(planned: PlannedEvent, context: RehearsalContext): Promise<Map<string, Rehearsal>> {
  if (planned.plan.kind !== 'run') return new Map();
  // The message is what workflow-trigger gets: parameters that do not fit it are refused here as there.
  const message = actionsMessageOf(planned, { execution: planned.raw.id, again: false, nowMs: context.nowMs });
  const rehearsals = await Promise.all(
    message.invocations.map(
      async (invocation) => [invocation.mapping, await rehearseAction(invocation, message, context)] as const,
    ),
  );
  return new Map(rehearsals);
}

function switchedOn(configuration: LiveConfiguration, source: string): LiveConfiguration {
  const { state } = configuration;
  const ofSource = own(state.sources, source);
  if (ofSource === undefined) return configuration;
  return {
    ...configuration,
    state: { ...state, sources: { ...state.sources, [source]: { ...ofSource, enabled: true } } },
  };
}
