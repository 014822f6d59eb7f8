import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { explainBatch } from '../../functions/dead-letter/explain-parked.ts';
import type { processBatch } from '../../functions/processor/process-batch.ts';
import type { runActions } from '../../functions/workflow-trigger/run-actions.ts';
import type { runInvocations } from '../../functions/workflow-trigger/run-invocations.ts';
import type { makeClaimStore } from '../../shared/adapters/dynamodb-claim-store.ts';
import type { resumeExecution } from '../../shared/core/executions/resume-execution.ts';
import type { ActionsMessage } from '../../shared/core/plan/actions-message.ts';
import type { isExpired, takeOver } from '../../shared/core/plan/claim.ts';
import type { ClaimStore } from '../../shared/ports/claim-store.ts';

/**
 * The protocol with one part left out or turned round: the mistake that a tired engineer might make. The random schedules must
 * catch each of them, or they prove nothing.
 *
 * A mutant stands in for one exported function of the product, which it finds by name wherever the function lives. It says in
 * code what the mistake does: to what the function asks of its ports, or to what it answers. So the product may be rewritten
 * inside as long as that function and its ports keep their names. The product knows nothing of mutants.
 */
export type Mutant = {
  name: string;
  why: string;
  /** The exported function that the mutant stands in for. */
  function: string;
  /** @returns what runs in its place */
  change(original: never): unknown;
};

type AnyFunction = (...args: never[]) => unknown;
type Deps<Run extends AnyFunction> = Parameters<Run>[1];

/** Ties a mutant to the type of the function that it stands in for, so that `tsc` finds one that no longer fits. */
function inPlaceOf<Original extends AnyFunction>(
  functionName: string,
  name: string,
  why: string,
  change: (original: Original) => Original,
): Mutant {
  return { name, why, function: functionName, change };
}

/** The processor with other ports. */
const processor = (name: string, why: string, change: (deps: Deps<typeof processBatch>) => Deps<typeof processBatch>) =>
  inPlaceOf<typeof processBatch>(
    'processBatch',
    name,
    why,
    (original) =>
      (records, deps, ...rest) =>
        original(records, change(deps), ...rest),
  );

/** The workflow-trigger function with other ports. */
const trigger = (name: string, why: string, change: (deps: Deps<typeof runActions>) => Deps<typeof runActions>) =>
  inPlaceOf<typeof runActions>(
    'runActions',
    name,
    why,
    (original) =>
      (records, deps, ...rest) =>
        original(records, change(deps), ...rest),
  );

/** The claim store with one method whose write asks something else of the table. */
const claimStore = (name: string, why: string, method: keyof ClaimStore, change: (input: UpdateInput) => UpdateInput) =>
  inPlaceOf<typeof makeClaimStore>('makeClaimStore', name, why, (original) => (client, table) => ({
    ...original(client, table),
    [method]: original(withUpdates(client, name, change), table)[method],
  }));

export const mutants: Mutant[] = [
  processor(
    'mark before emit',
    'a crash in between leaves a row that says processed, and actions that nobody will run',
    (deps) => {
      const unsent: ActionsMessage[] = [];
      return {
        ...deps,
        actionsQueue: {
          async sendEach(messages) {
            unsent.push(...messages);
            return messages.map(() => ({ sent: true }));
          },
        },
        eventLog: changed(deps.eventLog, {
          async writeEach(entries) {
            const errors = await deps.eventLog.writeEach(entries);
            const messages = unsent.splice(0);
            if (messages.length === 0) return errors;
            const results = await deps.actionsQueue.sendEach(messages);
            return entries.map(({ id }, i) => {
              const result = results[messages.findIndex(({ eventId }) => eventId === id)];
              return errors[i] ?? (result?.sent === false ? result.error : undefined);
            });
          },
        }),
      };
    },
  ),
  inPlaceOf<typeof takeOver>(
    'takeOver',
    'a fresh execution id on take-over',
    'what the first owner had begun is begun again under another id',
    (original) => (held, circumstances) => ({ ...original(held, circumstances), execution: circumstances.eventId }),
  ),
  trigger('release forgotten', 'a failure uses up the key: later copies are called repeats of it', (deps) => {
    const failedBefore = new Set<string>();
    return {
      ...deps,
      actionLog: changed(deps.actionLog, {
        async read(execution) {
          const row = await deps.actionLog.read(execution);
          if (row?.actions.some(({ status }) => status === 'failed')) failedBefore.add(execution);
          return row;
        },
      }),
      // A redelivery that finds the failure in its row still releases once more.
      claims: {
        release: async (ref, execution) => {
          if (failedBefore.has(execution)) await deps.claims.release(ref, execution);
        },
      },
    };
  }),
  claimStore(
    're-entry clears released',
    'a redelivery of the event takes back the leave that its failure gave to others',
    'claim',
    (input) => ({ ...input, UpdateExpression: `${input.UpdateExpression} REMOVE released` }),
  ),
  inPlaceOf<typeof runActions>(
    'runActions',
    'outcome logged before release',
    'a crash in between leaves a failure that nobody comes back to release',
    (original) =>
      async (records, deps, ...rest) => {
        const releases: Parameters<ClaimStore['release']>[] = [];
        const claims = {
          release: async (...release: Parameters<ClaimStore['release']>) => void releases.push(release),
        };
        const response = await original(records, { ...deps, claims }, ...rest);
        for (const release of releases) await deps.claims.release(...release);
        return response;
      },
  ),
  inPlaceOf<typeof runActions>(
    'runActions',
    'the row written before the retry is sent',
    'a crash in between leaves an action that waits for a message that never comes',
    (original) =>
      async (records, deps, ...rest) => {
        const unsent: ActionsMessage[] = [];
        const actionsQueue: typeof deps.actionsQueue = {
          async sendEach(messages) {
            unsent.push(...messages);
            return messages.map(() => ({ sent: true }));
          },
        };
        const response = await original(records, { ...deps, actionsQueue }, ...rest);
        if (unsent.length === 0) return response;
        const results = await deps.actionsQueue.sendEach(unsent);
        const failed = unsent.filter((_, i) => !results[i]?.sent).map(({ execution }) => execution);
        return withFailures(response, records, failed);
      },
  ),
  trigger(
    'the row written without its revision',
    'the second of two twins writes over outcomes that were final',
    (deps) => ({
      ...deps,
      actionLog: changed(deps.actionLog, {
        async writeIfUnchanged(entry) {
          const [error] = await deps.actionLog.writeEach([entry]);
          if (error) throw error;
          return true;
        },
      }),
    }),
  ),
  inPlaceOf<typeof runInvocations>(
    'runInvocations',
    'later action types are not held back',
    'a trigger overtakes the identify of its own event',
    (original) =>
      async (attempt, ...rest) => {
        const tried: Awaited<ReturnType<typeof original>> = [];
        // In the order of the actions, as ever, but none is told what became of those before it.
        for (const open of Map.groupBy(attempt.open, ({ action }) => action).values())
          tried.push(...(await original({ ...attempt, open }, ...rest)));
        return tried;
      },
  ),
  processor('no read on re-entry', 'a redelivery of what is done sends all of its actions again', (deps) =>
    withoutRead(deps, ({ answer }) => answer.kind === 'taken' && answer.previous !== undefined),
  ),
  processor('no lease', 'a twin begins while the first is at work, and both send the same actions', (deps) => ({
    ...deps,
    claims: changed(deps.claims, {
      claim: (request, nowMs) => deps.claims.claim({ ...request, leaseEndsAtMs: nowMs }, nowMs),
      takeOver: (request, seen) => deps.claims.takeOver({ ...request, leaseEndsAtMs: deps.nowMs() }, seen),
    }),
  })),
  claimStore(
    'take-over without its condition',
    'several take over from one that died, and all of them send its actions',
    'takeOver',
    ({ ConditionExpression: _, ...input }) => input,
  ),
  // Beyond the eleven: parts that are as easily lost.
  processor('no read before a take-over', 'an event that had finished runs once more after its window', (deps) =>
    withoutRead(
      deps,
      ({ eventId, answer, nowMs }) =>
        answer.kind === 'refused' && (answer.held.owner !== eventId || answer.held.expiresAtMs <= nowMs),
    ),
  ),
  inPlaceOf<typeof explainBatch>(
    'explainBatch',
    'dead letters do not release',
    'what was parked uses up its key',
    (original) => (records, deps) =>
      original(records, { ...deps, claims: changed(deps.claims, { release: async () => undefined }) }),
  ),
  inPlaceOf<typeof resumeExecution>(
    'resumeExecution',
    'messages of a chain are not superseded',
    'every redelivery begins a chain of its own',
    (original) => (message, row) => {
      if (row === undefined || row.next <= message.n) return original(message, row);
      const resumption = original(message, { ...row, next: message.n });
      if (resumption.kind !== 'run') return resumption;
      return { ...resumption, message: { ...resumption.message, n: row.next, firstN: row.next } };
    },
  ),
  inPlaceOf<typeof isExpired>(
    'isExpired',
    'an expired claim is still in force',
    'a copy after the window is called a repeat until the table forgets the claim',
    (original) => (claim, nowMs) => original(claim, nowMs - 1e12),
  ),
];

/** Mistakes that the product has had: each history in test/faults/histories.json goes wrong again with one of them. */
export const formerMistakes: Mutant[] = [
  inPlaceOf<typeof resumeExecution>(
    'resumeExecution',
    'superseded whatever it names',
    'an action of a mapping that was added between two deliveries was lost',
    (original) => (message, row) =>
      row?.origins.includes(message.origin) && row.next > message.n ? { kind: 'acknowledge' } : original(message, row),
  ),
  trigger(
    'every first row has the same revision',
    'a success was written over by a twin that took a later row for the one it had read',
    (deps) => ({
      ...deps,
      actionLog: changed(deps.actionLog, {
        writeEach: (entries) => deps.actionLog.writeEach(entries.map((entry) => ({ ...entry, revision: 1 }))),
      }),
    }),
  ),
  claimStore(
    'only its owner releases a claim',
    'a failure did not release a claim that a copy owned by then',
    'release',
    (input) => ({ ...input, ExpressionAttributeNames: { '#execution': 'owner' } }),
  ),
];

/** How many schedules each mutant has to be caught in. */
export const mutantSchedules = 3000;

export function mutantOf(name: string): Mutant {
  const mutant = [...mutants, ...formerMistakes].find((one) => one.name === name);
  if (mutant === undefined) throw new Error(`test/faults/mutants.ts has no mutant "${name}"`);
  return mutant;
}

const root = join(import.meta.dirname, '../..');

/**
 * The module that a mutant changes, and its source as it is loaded then: the function under another name, and the mutant's in
 * its place.
 * @throws Error when no module of the product, or more than one, exports the function: the words say how to repair the mutant
 */
export function mutated(mutant: Mutant, folders = ['functions', 'shared']): { file: string; source: string } {
  const declaration = new RegExp(`^export (async )?function ${mutant.function}\\b`, 'm');
  const found = folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(root, folder, file)),
    )
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file, source: readFileSync(file, 'utf8') }))
    .filter(({ source }) => declaration.test(source));
  const [module, another] = found;
  if (module === undefined || another !== undefined) {
    const where = found.map(({ file }) => relative(root, file)).join(' and ');
    throw new Error(
      [
        `The mutant "${mutant.name}" does not apply any more: ${where ? `${where} both export` : `no file in ${folders.join(', ')} exports`} a function ${mutant.function}.`,
        'If the function has another name now, or another one does its part, write that name in test/faults/mutants.ts.',
        `The mutant must still make this mistake: ${mutant.why}.`,
        `Then run: npm run test:faults -- --mutant ${JSON.stringify(mutant.name)}`,
      ].join('\n'),
    );
  }
  const original = `${mutant.function}BeforeMutation`;
  const source = `${module.source.replace(declaration, (_, isAsync = '') => `${isAsync}function ${original}`)}
import { mutantOf as mutantOfThisThread } from ${JSON.stringify(import.meta.url)};
let changedByMutant;
export function ${mutant.function}(...args) {
  changedByMutant ??= mutantOfThisThread(${JSON.stringify(mutant.name)}).change(${original});
  return changedByMutant(...args);
}
`;
  return { file: module.file, source };
}

/** What mutants of this thread could not do. A schedule that "goes wrong" with one of these proves nothing. */
export const notApplied = new Set<string>();

type UpdateInput = {
  UpdateExpression?: string;
  ConditionExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
};

/** A client whose updates are changed before they are sent. */
function withUpdates(
  client: DynamoDBDocumentClient,
  name: string,
  change: (input: UpdateInput) => UpdateInput,
): DynamoDBDocumentClient {
  const send = async (command: { constructor: new (input: UpdateInput) => object; input: UpdateInput }) => {
    if (command.constructor.name !== 'UpdateCommand') return client.send(command as never);
    const input = change(command.input);
    if (JSON.stringify(input) === JSON.stringify(command.input))
      notApplied.add(`The mutant "${name}" changes nothing any more in: ${JSON.stringify(command.input)}`);
    return client.send(new command.constructor(input) as never);
  };
  return { send } as unknown as DynamoDBDocumentClient;
}

/** A port with other methods in place of some. Its methods need not be its own properties. */
function changed<Port extends object>(port: Port, methods: Partial<Port>): Port {
  return new Proxy(port, {
    get: (target, name) => Reflect.get(name in methods ? methods : target, name),
  });
}

type Answered = { eventId: string; answer: Awaited<ReturnType<ClaimStore['claim']>>; nowMs: number };

/** The processor finds no row of an event whose claim got such an answer. */
function withoutRead(
  deps: Deps<typeof processBatch>,
  isSuch: (answered: Answered) => boolean,
): Deps<typeof processBatch> {
  const unread = new Set<string>();
  return {
    ...deps,
    claims: changed(deps.claims, {
      async claim(request, nowMs) {
        const { eventId } = request;
        const answer = await deps.claims.claim(request, nowMs);
        if (isSuch({ eventId, answer, nowMs })) unread.add(eventId);
        return answer;
      },
    }),
    eventLog: changed(deps.eventLog, {
      statusOf: async (eventId, source) => (unread.has(eventId) ? undefined : deps.eventLog.statusOf(eventId, source)),
    }),
  };
}

/** The answer of a batch in which the records of these executions come back too. */
async function withFailures(
  response: SQSBatchResponse,
  records: SQSRecord[],
  executions: string[],
): Promise<SQSBatchResponse> {
  // Not before the worker's hooks are there: a module of the product that is loaded earlier cannot be changed.
  const { decodeActionsMessage } = await import('../../shared/core/plan/actions-message.ts');
  const returned = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  for (const { messageId, body } of records)
    if (executions.includes(decodeActionsMessage(body).execution)) returned.add(messageId);
  return { batchItemFailures: [...returned].map((itemIdentifier) => ({ itemIdentifier })) };
}
