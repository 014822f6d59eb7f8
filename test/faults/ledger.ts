import type { RawEvent } from '../../shared/core/events/raw-event.ts';
import { retryForMs } from '../../shared/core/executions/retry-message.ts';
import { eventIdLength, eventIdTimeMs } from '../../shared/core/ids/event-id.ts';
import { printRunId, type RunKey } from '../../shared/core/ids/run-id.ts';
import { isJsonObject } from '../../shared/core/json/values.ts';
import type { ActionLogEntry } from '../../shared/core/logs/action-log-entry.ts';
import { type EventLogEntry, hasRun } from '../../shared/core/logs/event-log-entry.ts';
import { type ActionsMessage, decodeActionsMessage } from '../../shared/core/plan/actions-message.ts';
import type { WorkflowRun } from '../../shared/core/runs/workflow-run.ts';
import type { Claim, ClaimAnswer, ClaimRequest } from '../../shared/ports/claim-store.ts';
import type { SendResult } from '../../shared/ports/queues.ts';
import type { RunEnd } from '../../shared/ports/workflow-runs.ts';
import type { RunRequest } from '../../shared/ports/workflow-target.ts';
import { claimName } from '../support/fakes.ts';
import type { PartialCall } from './fault-plan.ts';
import type { Process, Watch } from './process.ts';
import type { Stores } from './stores.ts';

/** The time in which a claim says that copies of its key are copies. */
export type Window = { claim: string; execution: string; fromMs: number; toMs: number };

type Emission = {
  process: Process;
  execution: string;
  eventId: string;
  claim: string;
  step: number;
  actions: string[];
};

/**
 * What truly happened, written down from outside as effects happen, whatever a process heard of them. Checks at once what
 * must hold at every moment; test/faults/properties.ts checks what must hold in the end.
 */
export class Ledger {
  readonly violations = new Set<string>();
  /** Every event that was ever put into the events queue, by id. */
  readonly queued = new Map<string, RawEvent>();
  /** Those of them that a sender was told of. */
  readonly accepted = new Set<string>();
  readonly windows: Window[] = [];
  /**
   * Executions of which a late first message wrote over what a second one, planned with a mapping
   * more, had logged: first attempts are written without a condition. What was done stays done;
   * docs/reliability.md, "Known gaps".
   */
  readonly forgotten = new Set<string>();
  readonly sweptClaims = new Set<string>();
  step = 0;

  readonly #stores: Stores;
  readonly #ranSince = new Map<string, number>();
  readonly #handedOffSince = new Map<string, number>();
  readonly #emissions: Emission[] = [];
  readonly #releases: { process: Process; claim: string }[] = [];
  /** Claims that looked used up by a failure when a process was refused them. */
  readonly #suspects = new Set<string>();
  /** Take-overs of claims that were released. */
  readonly #byRelease = new Set<string>();
  /** Claims whose window was over when a process was refused them. */
  readonly #outdated = new Set<string>();

  constructor(stores: Stores) {
    this.#stores = stores;
  }

  wrong(what: string): void {
    this.violations.add(what);
  }

  readonly watch: Watch = {
    before: (process, call) => this.#before(process, call),
    after: (process, call, args, result) => this.#after(process, call, args, result),
  };

  #before(process: Process, { port, method, args }: PartialCall): void {
    switch (`${port}.${method}`) {
      case 'actionLog.writeEach':
        for (const entry of args[0] as ActionLogEntry[]) this.#checkOutcomes(process, entry, true);
        return;
      case 'actionLog.writeIfUnchanged': {
        const [entry, revisionSeen] = args as [ActionLogEntry, number];
        if ((this.#stores.actionLog.rows.get(entry.execution)?.revision ?? 0) === revisionSeen)
          this.#checkOutcomes(process, entry);
        return;
      }
      case 'target.start':
        this.#checkCall(process, args[0] as RunRequest);
    }
  }

  #after(process: Process, { port, method }: PartialCall, args: readonly unknown[], result: unknown): void {
    switch (`${port}.${method}`) {
      case 'events.sendEach':
        for (const [i, raw] of (args[0] as RawEvent[]).entries())
          if ((result as SendResult[])[i]?.sent) this.queued.set(raw.id, raw);
        return;
      case 'claims.claim':
        this.#claimed(process, args[0] as ClaimRequest, result as ClaimAnswer, args[1] as number);
        return;
      case 'claims.takeOver':
        if (result) this.#tookOver(process, args[0] as ClaimRequest & { execution: string }, args[1] as Claim);
        return;
      case 'claims.release':
        this.#released(process, claimName(args[0] as ClaimRequest));
        return;
      case 'actionsQueue.sendEach':
        if (process.function !== 'processor') return;
        for (const [i, message] of (args[0] as ActionsMessage[]).entries())
          if ((result as SendResult[])[i]?.sent) this.#emitted(process, message);
        return;
      case 'eventLog.writeEach':
        for (const [i, entry] of (args[0] as EventLogEntry[]).entries())
          if ((result as (Error | undefined)[])[i] === undefined) this.#logged(process, entry);
        return;
      case 'runs.writeEach':
        for (const run of args[0] as WorkflowRun[]) if (run.status === 'handed_off') this.#handedOff(run.key);
        return;
      case 'runs.end':
        if (result && (args[1] as RunEnd).status === 'handed_off') this.#handedOff(args[0] as RunKey);
    }
  }

  #claimed(process: Process, request: ClaimRequest, answer: ClaimAnswer, nowMs: number): void {
    const claim = claimName(request);
    if (answer.kind === 'taken') {
      if (answer.previous?.released && !answer.claim.released)
        this.wrong('a re-entry took back the release that a failure had given: a failure used up the key');
      if (answer.previous) return;
      const { execution, expiresAtMs } = answer.claim;
      this.windows.push({ claim, execution, fromMs: this.#stores.clock.nowMs, toMs: expiresAtMs });
    } else if (answer.held.expiresAtMs <= nowMs) this.#outdated.add(`${process.id} ${request.eventId}`);
    else if (this.#isUsedUp(claim)) this.#suspects.add(`${process.id} ${request.eventId}`);
  }

  #released(process: Process, claim: string): void {
    const isReleased = this.#stores.claims.items.get(claim)?.released ?? false;
    if (isReleased) this.#releases.push({ process, claim });
  }

  #tookOver(process: Process, request: ClaimRequest & { execution: string }, seen: Claim): void {
    if (seen.released) this.#byRelease.add(`${process.id} ${claimName(request)}`);
    const fromMs = this.#stores.clock.nowMs;
    if (request.execution === seen.execution && seen.expiresAtMs > fromMs) return;
    const { execution, expiresAtMs } = request;
    this.windows.push({ claim: claimName(request), execution, fromMs, toMs: expiresAtMs });
  }

  /** An emission that nobody needed costs a message and reads, and shows that a part of the protocol is not there. */
  #emitted(process: Process, { claim: ref, execution, eventId, invocations }: ActionsMessage): void {
    const { step } = this;
    if (ref === undefined || this.queued.get(eventId)?.replayOf !== undefined) return;
    const ranSince = this.#ranSince.get(eventId);
    // Once the table has forgotten a claim, hours after its window, nothing but the keys of effects tells a redelivery.
    const isForgotten = this.sweptClaims.has(claimName(ref));
    if (ranSince !== undefined && ranSince < process.startedStep && !isForgotten)
      this.wrong('an event was emitted again although its row had said so before the delivery began');
    const claim = claimName(ref);
    const other = this.#emissions.find(
      (emission) =>
        emission.execution === execution && emission.process !== process && emission.process.state === 'running',
    );
    // Who was let in by a release need not wait for the owner.
    const isReleased = this.#byRelease.has(`${process.id} ${claim}`);
    if (other && !isReleased) this.wrong('two processes at work at the same time have both emitted one execution');
    this.#emissions.push({ process, execution, eventId, claim, step, actions: invocations.map(({ id }) => id) });
  }

  #logged(process: Process, { id, key, source, eventType = '', status }: EventLogEntry): void {
    const ranSince = this.#ranSince.get(id);
    if (ranSince !== undefined && ranSince < process.startedStep && !process.isEcho && !hasRun(status))
      this.wrong(`the row of an event that had run became ${status}`);
    if (hasRun(status) && ranSince === undefined) this.#ranSince.set(id, this.step);
    if (status === 'idempotent' && this.#outdated.has(`${process.id} ${id}`))
      this.wrong('a copy that came after the window was called a repeat');
    if (status !== 'idempotent' || key === undefined || !this.#suspects.has(`${process.id} ${id}`)) return;
    if (this.#isUsedUp(claimName({ key, source, eventType })))
      this.wrong('a copy was called a repeat of an execution that had failed: a failure used up the key');
  }

  /** A key in force whose execution failed, is not released, and is not being tried again. */
  #isUsedUp(name: string): boolean {
    const claim = this.#stores.claims.items.get(name);
    if (claim === undefined || claim.released || claim.expiresAtMs <= this.#stores.clock.nowMs) return false;
    const row = this.#stores.actionLog.rows.get(claim.execution);
    // A failure whose mapping was off when the owner ran all there was is nothing that the owner failed at.
    const own = this.#emissions.findLast(({ eventId }) => eventId === claim.owner)?.actions;
    const hasFailed =
      row?.actions.some(({ id, status }) => status === 'failed' && (own?.includes(id) ?? true)) ?? false;
    return hasFailed && !this.#isUnderWay(claim.execution);
  }

  #isUnderWay(execution: string): boolean {
    const { actions, actionsDead } = this.#stores.queues;
    return [...actions.waiting(), ...actionsDead.waiting()].some(
      ({ body }) => decodeActionsMessage(body).execution === execution,
    );
  }

  /** Success is for good; a failure is tried again only for somebody new. */
  #checkOutcomes(process: Process, entry: ActionLogEntry, isUnconditional = false): void {
    this.#checkRelease(process, entry);
    const before = this.#stores.actionLog.rows.get(entry.execution);
    for (const { id, action, status } of before?.actions ?? []) {
      const after = entry.actions.find((outcome) => outcome.id === id)?.status;
      if (after === undefined && isUnconditional) this.forgotten.add(entry.execution);
      else if (status === 'succeeded' && after !== 'succeeded')
        this.wrong(`${action} had succeeded and became ${after}`);
      const isSeen = entry.origins.every((origin) => before?.origins.includes(origin));
      if (status === 'failed' && after === 'pending' && isSeen) this.wrong(`${action} had failed and was reopened`);
    }
    if (before && entry.next < before.next && entry.actions.some(({ status }) => status === 'pending'))
      this.wrong('the number of the next message fell, so that an old one may come back to life');
  }

  /** Once a failure is in the log nobody comes back to release its claim, so the release comes first. */
  #checkRelease(process: Process, entry: ActionLogEntry): void {
    const before = this.#stores.actionLog.rows.get(entry.execution);
    const hasNewFailure = entry.actions.some(
      ({ id, status }) =>
        status === 'failed' && before?.actions.find((action) => action.id === id)?.status !== 'failed',
    );
    if (!hasNewFailure) return;
    // A copy may take over between the release and this row; it has a message of its own under way.
    for (const [claim, { execution, released }] of this.#stores.claims.items) {
      const isOurs = this.#releases.some((release) => release.process === process && release.claim === claim);
      if (execution === entry.execution && !released && !isOurs)
        this.wrong('a failure was logged before its claim was released: a crash now uses up the key');
    }
  }

  #checkCall(process: Process, { message }: RunRequest): void {
    const { data, recipient } = message.data;
    const id = String(message.data.id);
    const handedOffSince = this.#handedOffSince.get(id);
    if (handedOffSince !== undefined && handedOffSince < process.startedStep)
      this.wrong('a target was called for a run that had been handed off before the delivery began');
    // Orders and refusals identify first, and pass nothing but the number on.
    if (!isJsonObject(data) || !isJsonObject(recipient) || Object.keys(data).join() !== 'seq') return;
    if (message.data.workflow === 'tell-it') return;
    // By then an identify may have been given up in this very attempt, of which there is no row yet.
    if (this.#stores.clock.nowMs - eventIdTimeMs(id.slice(0, eventIdLength)) >= retryForMs) return;
    if (Number(recipient.seq ?? -1) < Number(data.seq) && !this.#identifyFailed(id))
      this.wrong('a trigger ran before the identify of its own event');
  }

  #identifyFailed(runId: string): boolean {
    const row = this.#stores.actionLog.rows.get(runId.slice(0, 26));
    return row?.actions.some(({ action, status }) => action === 'users_identify' && status === 'failed') ?? false;
  }

  #handedOff(key: RunKey): void {
    const id = printRunId(key);
    if (!this.#handedOffSince.has(id)) this.#handedOffSince.set(id, this.step);
  }
}
