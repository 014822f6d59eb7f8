/** A change to the source of a module: each `from` occurs there exactly once. */
export type Replacement = { file: string; from: string; to: string };

export type Mutant = { name: string; why: string; replacements: Replacement[] };

const processor = 'functions/processor/process-event.ts';
const claimEvent = 'functions/processor/claim-event.ts';
const claim = 'shared/core/plan/claim.ts';
const trigger = 'functions/workflow-trigger/run-actions.ts';
const invocations = 'functions/workflow-trigger/run-invocations.ts';
const deadLetter = 'functions/dead-letter/explain-parked.ts';
const stores = 'test/support/fakes.ts';

const releaseInTrigger = `  if (message.claim && tried.some(({ outcome }) => outcome.status === 'failed')) {
    await deps.claims.release(message.claim, message.execution);
  }
`;

/**
 * The protocol with one part left out or turned round: what a tired engineer might do to it. Each must be caught, or the
 * harness proves nothing. They change the source of the real modules as they are loaded; no product code knows of them.
 */
export const mutants: Mutant[] = [
  {
    name: 'mark before emit',
    why: 'a crash in between leaves a row that says processed, and actions that nobody will run',
    replacements: [
      {
        file: processor,
        from: '  const results = await deps.actionsQueue.sendEach(messages);\n',
        to: `  await mark(
    running.map(({ delivery, execution }, i) => {
      const actionsPlanned = messages[i]?.invocations.length ?? 0;
      return { delivery, entry: logEntry(delivery.planned, nowMs, { status: 'processed', execution, actionsPlanned }) };
    }),
    deps,
  );
  const results = await deps.actionsQueue.sendEach(messages);
`,
      },
    ],
  },
  {
    name: 'a fresh execution id on take-over',
    why: 'what the first owner had begun is begun again under another id',
    replacements: [
      {
        file: claim,
        from: "{ kind: 'take_over', held, execution: held.execution, expiresAtMs: held.expiresAtMs }",
        to: "{ kind: 'take_over', held, execution: eventId, expiresAtMs: held.expiresAtMs }",
      },
    ],
  },
  {
    name: 'release forgotten',
    why: 'a failure uses up the key: later copies are called repeats of it',
    replacements: [{ file: trigger, from: releaseInTrigger, to: '' }],
  },
  {
    name: 're-entry clears released',
    why: 'a redelivery of the event takes back the leave that its failure gave to others',
    replacements: [{ file: stores, from: 'released: held?.released ?? false,', to: 'released: false,' }],
  },
  {
    name: 'outcome logged before release',
    why: 'a crash in between leaves a failure that nobody comes back to release',
    replacements: [
      { file: trigger, from: releaseInTrigger, to: '' },
      {
        file: trigger,
        from: '  await Promise.all(deliveries.map((delivery) => explainFailure(delivery, deps)));\n',
        to: `  await Promise.all(
    deliveries.map(async ({ message, found }) => {
      if (message?.claim && found?.actions.some(({ status }) => status === 'failed'))
        await deps.claims.release(message.claim, message.execution);
    }),
  );
  await Promise.all(deliveries.map((delivery) => explainFailure(delivery, deps)));
`,
      },
    ],
  },
  {
    name: 'the row written before the retry is sent',
    why: 'a crash in between leaves an action that waits for a message that never comes',
    replacements: [
      {
        file: trigger,
        from: '  await sendRetries(deliveries, deps);\n  await writeRows(deliveries, deps);\n',
        to: `  await writeRows(deliveries, deps);
  const sending = deliveries.filter(({ retry, settled }) => retry !== undefined && settled?.kind !== 'retry');
  for (const delivery of sending) delete delivery.settled;
  await sendRetries(sending, deps);
  for (const delivery of sending) delivery.settled ??= { kind: 'done' };
`,
      },
    ],
  },
  {
    name: 'the row written without its revision',
    why: 'whoever comes second writes over outcomes that were final',
    replacements: [
      {
        file: trigger,
        from: '    if (await deps.actionLog.writeIfUnchanged(merged, stored?.revision ?? 0)) return;\n',
        to: `    const [error] = await deps.actionLog.writeEach([merged]);
    if (error) throw error;
    return;
`,
      },
    ],
  },
  {
    name: 'later action types are not held back',
    why: 'a trigger overtakes the identify of its own event',
    replacements: [{ file: invocations, from: '    if (held) tried.push', to: '    if (held && false) tried.push' }],
  },
  {
    name: 'no read on re-entry',
    why: 'a redelivery of what is done sends all of its actions again',
    replacements: [
      {
        file: claimEvent,
        from: `      return (await hasFinalRow(raw.id))
        ? { kind: 'acknowledge' }
        : { kind: 'run', execution: decision.execution, again: true };`,
        to: "      return { kind: 'run', execution: decision.execution, again: true };",
      },
    ],
  },
  {
    name: 'no lease',
    why: 'a twin begins while the first is at work, and both send the same actions',
    replacements: [
      { file: claimEvent, from: '    leaseEndsAtMs: nowMs + leaseMs,\n', to: '    leaseEndsAtMs: nowMs,\n' },
    ],
  },
  {
    name: 'take-over without its condition',
    why: 'several take over from one that died, and all of them send its actions',
    replacements: [
      {
        file: stores,
        from: `      if (
        held?.owner !== seen.owner ||
        held.leaseEndsAtMs !== seen.leaseEndsAtMs ||
        held.expiresAtMs !== wholeSecond(seen.expiresAtMs)
      ) {
        return false;
      }
      items`,
        to: '      items',
      },
    ],
  },
  // Beyond the eleven: parts that are as easily lost.
  {
    name: 'no read before a take-over',
    why: 'an event that had finished runs once more after its window',
    replacements: [
      { file: claimEvent, from: "    if (await hasFinalRow(raw.id)) return { kind: 'acknowledge' };\n", to: '' },
    ],
  },
  {
    name: 'dead letters do not release',
    why: 'what was parked uses up its key',
    replacements: [
      {
        file: deadLetter,
        from: '    if (message.claim && hasFailed) await deps.claims.release(message.claim, message.execution);\n',
        to: '',
      },
    ],
  },
  {
    name: 'messages of a chain are not superseded',
    why: 'every redelivery begins a chain of its own',
    replacements: [
      {
        file: 'shared/core/executions/resume-execution.ts',
        from: "  if (isSuperseded(message, row)) return { kind: 'acknowledge' };\n",
        to: '',
      },
    ],
  },
  {
    name: 'an expired claim is still in force',
    why: 'a copy after the window is called a repeat until the table forgets the claim',
    replacements: [
      { file: claim, from: '  return claim.expiresAtMs <= nowMs;', to: '  return claim.expiresAtMs <= nowMs - 1e12;' },
    ],
  },
];

/** How many schedules each mutant has to be caught in. */
export const mutantSchedules = 3000;

/** @throws Error when the module no longer has the text, or has it twice: then the mutant has to be written anew */
export function mutate(source: string, { file, from, to }: Replacement): string {
  const parts = source.split(from);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times, not once: ${from}`);
  return parts.join(to);
}
