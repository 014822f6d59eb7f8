import { brotliCompressSync } from 'node:zlib';
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { explainBatch } from '../../functions/dead-letter/explain-parked.ts';
import { type Ingested, ingestRequest } from '../../functions/ingest/ingest-request.ts';
import { processBatch } from '../../functions/processor/process-batch.ts';
import { runActions } from '../../functions/workflow-trigger/run-actions.ts';
import { makePreprocessor } from '../../shared/adapters/jsonata-preprocessor.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import { encodeRawEvent, type RawEvent } from '../../shared/core/events/raw-event.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import { makeTargetGuard } from '../../shared/core/targets/guard-target.ts';
import { lookAgainFor } from '../../shared/lambda/sender/look-again.ts';
import type { ConfigurationSource, LiveConfiguration } from '../../shared/ports/configuration.ts';
import type { Secrets } from '../../shared/ports/secrets.ts';
import type { OpenTarget } from '../../shared/ports/workflow-target.ts';
import { makeFakeLimiter } from '../support/fake-run-limits.ts';
import { silentLog } from '../support/function-log.ts';
import { ingestKey, ingestRequestOf } from '../support/ingest.ts';
import { makeRandom, pickOne, type Random, randomBytesFrom } from '../support/random.ts';
import { clearWeather, type Fate, fateOf, type Weather } from './fault-plan.ts';
import { Ledger } from './ledger.ts';
import { type Gate, gated, type Process } from './process.ts';
import { actionsQueueOf, eventsQueueOf, type Queued, receivedMessagesOf } from './queue-model.ts';
import {
  batchSize,
  type FunctionName,
  functionSeconds,
  makeStores,
  maxReceiveCount,
  type QueueName,
} from './stores.ts';
import { bodyOf, configurationAs, type Spec } from './subject.ts';

/** A container of a function: what it has in memory lives until it dies. */
type Instance = {
  function: FunctionName;
  isBusy: boolean;
  known?: { configuration: LiveConfiguration; readAtMs: number };
  guard: ReturnType<typeof makeTargetGuard>;
  /** Whose calls the guard makes at the moment. */
  process?: Process;
};

/** A sender's request, which it repeats until it hears a 2xx. */
type Outgoing = { specs: Spec[]; attempts: number; dueAtMs: number; isOver: boolean; isOut: boolean };

export type Strike = { function: FunctionName; port: string; fate: Fate };

type Delivered = { queue: QueueName; records: SQSRecord[] };

const consumers: Record<QueueName, FunctionName> = {
  events: 'processor',
  actions: 'workflow-trigger',
  eventsDead: 'dead-letter',
  actionsDead: 'dead-letter',
};
const queueNames = Object.keys(consumers) as QueueName[];
const configurationFreshMs = 15_000;
const processesMax = 8;
// A message or two per attempt and twin; beyond that they feed on themselves.
const stormMessages = 400;

/** Payloads that no version of the processor could read. */
export const unreadable = [
  Buffer.from('not brotli'),
  brotliCompressSync('no JSON'),
  brotliCompressSync('{"headers": 5, "body": {}}'),
  brotliCompressSync(Buffer.from([0xff, 0xfe, 0x7b])),
];

/** Nothing is counted and nothing printed; tests of the functions look at that. */
const metrics = { count() {}, countAt() {}, time() {}, print() {}, flush() {} };

/**
 * The whole pipeline in one process: the real code of every function over stores in memory, a clock that is moved by hand,
 * and a scheduler that decides at each step who goes on, what is delivered, what fails and who dies. One seed, one history.
 */
export class World {
  readonly stores = makeStores();
  readonly ledger = new Ledger(this.stores);
  readonly configurations: LiveConfiguration[] = [configurationAs(0, 1)];
  weather: Weather = clearWeather;
  /** Ports that are away, and until when. */
  readonly outages = new Map<string, number>();
  /** What becomes of the next call of a port by a function, whatever the weather. */
  readonly strikes: Strike[] = [];
  /** How far the clock goes on with each step, at most. */
  paceMs = 100;
  readonly processes: Process[] = [];
  readonly gates: Gate[] = [];
  /** Decides over the fate of a call; by default the weather does. */
  fate: (gate: Gate) => Fate | undefined = () => undefined;

  readonly random: Random;
  readonly #randomBytes: (size: number) => Uint8Array;
  readonly #outgoing: Outgoing[] = [];
  readonly #timers: { atMs: number; ring(): void }[] = [];
  readonly #instances: Instance[] = [];
  readonly #ends = new Map<Process, () => void>();
  readonly #instanceOf = new Map<Process, Instance>();
  #processCount = 0;

  constructor(seed: number) {
    this.random = makeRandom(seed);
    this.#randomBytes = randomBytesFrom(this.random);
  }

  nowMs = (): number => this.stores.clock.nowMs;

  /** The newest configuration. */
  get live(): LiveConfiguration {
    return this.configurations.at(-1) as LiveConfiguration;
  }

  commit(index: number): void {
    this.configurations.push(configurationAs(index, this.configurations.length + 1));
  }

  configurationOf(version: number): LiveConfiguration {
    return this.configurations[version - 1] ?? this.live;
  }

  /** A sender has something to send, and will until it is told that it was taken. */
  post(specs: Spec[]): void {
    this.#outgoing.push({ specs, attempts: 0, dueAtMs: this.nowMs(), isOver: false, isOut: false });
  }

  /** An event whose contents nobody can read: as if a disk had made it up. */
  postPoison({ source }: Spec, payload: Buffer = pickOne(unreadable, this.random)): void {
    const id = makeEventId(source, 0, this.nowMs(), this.#randomBytes(12));
    this.enqueue({ id, source, verification: 'not_enforced:skipped', payload });
  }

  /** Puts an event into its queue, as a replay does. */
  enqueue(raw: RawEvent): void {
    this.stores.queues.events.send({ body: encodeRawEvent(raw), group: raw.source });
    this.ledger.queued.set(raw.id, raw);
  }

  freshEventId(source: string): string {
    return makeEventId(source, 0, this.nowMs(), this.#randomBytes(12));
  }

  /** Time passes while nobody works; functions that were at work run out of theirs. */
  async pass(milliseconds: number): Promise<void> {
    this.stores.clock.nowMs += milliseconds;
    this.#endOverdue();
    await this.#settle();
  }

  /** The claims table forgets what is over, hours late. */
  sweepClaims(): void {
    const { items } = this.stores.claims;
    for (const [name, claim] of items) {
      if (claim.expiresAtMs + 600_000 >= this.nowMs()) continue;
      items.delete(name);
      this.ledger.sweptClaims.add(name);
    }
  }

  /** A message has failed as often as it may: what its next delivery would be, its dead-letter queue gets. */
  spend(name: 'events' | 'actions'): void {
    const waiting = this.stores.queues[name].waiting().filter(({ visibleAtMs }) => visibleAtMs <= this.nowMs());
    if (waiting.length > 0) pickOne(waiting, this.random).receives = maxReceiveCount;
  }

  running(name?: FunctionName): Process[] {
    return this.processes.filter((one) => one.state === 'running' && (name === undefined || one.function === name));
  }

  kill(process: Process): void {
    if (process.state !== 'running') return;
    process.state = 'dead';
    this.#leave(process, true);
  }

  /** Lets the world take up to `steps` steps. @returns whether there is more to do now */
  async work(steps: number): Promise<boolean> {
    for (let i = 0; i < steps; i++) if (!(await this.step())) return false;
    this.#checkStorm();
    return true;
  }

  /**
   * The weather clears, and everything that waits for its time gets it, until nothing is under way any more. A target that is
   * busy all day and names its waits is asked some 700 times by each action, so a day has many steps.
   */
  async drain(stepsMax = 150_000): Promise<void> {
    this.weather = clearWeather;
    this.outages.clear();
    this.strikes.length = 0;
    this.paceMs = 20;
    for (let steps = 0; steps < stepsMax; steps++) {
      if (await this.step()) continue;
      const next = this.#nextAtMs();
      if (next === undefined) return;
      this.#checkStorm();
      this.stores.clock.nowMs = Math.max(this.nowMs() + 1, next);
    }
    this.ledger.wrong('it never settles');
  }

  /** One thing happens. @returns false when there was nothing to do at this time */
  async step(): Promise<boolean> {
    this.ledger.step++;
    this.stores.clock.nowMs += Math.ceil(this.random() * this.paceMs);
    this.#ring();
    this.#endOverdue();
    await this.#settle();
    if (this.random() < this.weather.echo && this.#echo()) return true;
    const open = this.gates;
    const ready = this.running().length < processesMax ? this.#deliverable() : [];
    const due = this.#outgoing.filter(({ isOver, isOut, dueAtMs }) => !isOver && !isOut && dueAtMs <= this.nowMs());
    if (open.length > 0 && (ready.length + due.length === 0 || this.random() < 0.7)) {
      this.openGate(pickOne(open, this.random));
      await this.#settle();
      return true;
    }
    if (due.length > 0 && (ready.length === 0 || this.random() < 0.5)) {
      this.request(pickOne(due, this.random));
      await this.#settle();
      return true;
    }
    if (ready.length === 0) return false;
    const name = pickOne(ready, this.random);
    const messages = this.stores.queues[name].ready().sort(() => this.random() - 0.5);
    const size = this.random() < 0.5 ? batchSize : Math.ceil(this.random() * 3);
    this.deliver(name, messages.slice(0, size));
    await this.#settle();
    return true;
  }

  /** Everything that needs no port has gone on. */
  async #settle(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  openGate(gate: Gate): void {
    this.gates.splice(this.gates.indexOf(gate), 1);
    const { process, call } = gate;
    const fate = this.fate(gate) ?? this.#struck(gate) ?? this.#fateByWeather(gate);
    if (fate === 'dies_before' || fate === 'dies_after') {
      if (fate === 'dies_after') void call.perform();
      this.kill(process);
    } else gate.open(fate);
  }

  #struck({ process, call }: Gate): Fate | undefined {
    const i = this.strikes.findIndex((strike) => strike.function === process.function && strike.port === call.port);
    return i < 0 ? undefined : this.strikes.splice(i, 1)[0]?.fate;
  }

  #fateByWeather({ call }: Gate): Fate {
    const awayUntilMs = this.outages.get(call.port);
    if (awayUntilMs !== undefined && this.nowMs() < awayUntilMs) return 'fails_before';
    return fateOf(this.weather, this.random);
  }

  #deliverable(): QueueName[] {
    return queueNames.filter((name) => this.stores.queues[name].ready().length > 0);
  }

  #echo(): boolean {
    const echoes = queueNames.flatMap((name) =>
      this.stores.queues[name].echoes().map((message) => ({ name, message })),
    );
    if (echoes.length === 0) return false;
    const { name, message } = pickOne(echoes, this.random);
    this.start(name, [this.stores.queues[name].echo(message)]).isEcho = true;
    return true;
  }

  deliver(name: QueueName, messages: Queued[]): Process {
    const queue = this.stores.queues[name];
    for (const { sentAtMs } of messages) {
      if (this.nowMs() - sentAtMs > queue.options.retentionSeconds * 1000)
        this.ledger.wrong(`a message outlived the ${name} queue`);
    }
    return this.start(
      name,
      messages.map((message) => queue.receive(message)),
    );
  }

  /** Begins a call of the queue's consumer with these records. */
  start(queue: QueueName, records: SQSRecord[]): Process {
    const process = this.#begin(consumers[queue]);
    const work = this.#consume(process, records);
    work.then(
      (response) => this.#answered(process, { queue, records }, response),
      // The poller lets the whole batch come back.
      () => this.#over(process),
    );
    return process;
  }

  #begin(name: FunctionName): Process {
    let instance = this.#instances.find((one) => one.function === name && !one.isBusy);
    if (instance === undefined) {
      instance = this.#makeInstance(name);
      this.#instances.push(instance);
    }
    instance.isBusy = true;
    const process: Process = {
      id: ++this.#processCount,
      function: name,
      startedAtMs: this.nowMs(),
      endsAtMs: this.nowMs() + functionSeconds[name] * 1000,
      startedStep: this.ledger.step,
      state: 'running',
      calls: 0,
      isEcho: false,
    };
    instance.process = process;
    this.processes.push(process);
    this.#instanceOf.set(process, instance);
    return process;
  }

  #makeInstance(name: FunctionName): Instance {
    const instance: Instance = {
      function: name,
      isBusy: false,
      guard: makeTargetGuard(
        {
          read: (workflow) => this.#port('breakers', this.stores.breakers, instance.process).read(workflow),
          writeIfUnchanged: (workflow, next) =>
            this.#port('breakers', this.stores.breakers, instance.process).writeIfUnchanged(workflow, next),
        },
        this.nowMs,
      ),
    };
    return instance;
  }

  #port<Port extends object>(name: string, port: Port, process: Process | undefined): Port {
    if (process === undefined) throw new Error(`nobody calls ${name}`);
    return gated(name, port, process, { gates: this.gates, random: this.random, watch: this.ledger.watch });
  }

  async #consume(process: Process, records: SQSRecord[]): Promise<SQSBatchResponse> {
    const { stores } = this;
    const port = <Port extends object>(name: string, real: Port) => this.#port(name, real, process);
    const shared = {
      metrics,
      warn: () => undefined,
      log: silentLog,
      nowMs: this.nowMs,
      random: this.random,
      maxReceiveCount,
    };
    const logs = {
      claims: port('claims', stores.claims),
      eventLog: port('eventLog', stores.eventLog),
      actionLog: port('actionLog', stores.actionLog),
    };
    const remainingMs = functionSeconds[process.function as FunctionName] * 1000;
    switch (process.function) {
      case 'processor':
        return processBatch(
          records,
          {
            ...shared,
            ...logs,
            configuration: this.#configuration(process),
            actionsQueue: port('actionsQueue', actionsQueueOf(stores.queues.actions)),
            preprocessor: makePreprocessor(this.nowMs),
            receivedMessages: port('receivedMessages', receivedMessagesOf(stores.queues.events)),
            seen: port('seen', { note: async () => undefined }),
          },
          remainingMs + 5000,
        );
      case 'workflow-trigger':
        return runActions(
          records,
          {
            ...shared,
            ...logs,
            environment: 'development',
            configuration: this.#configuration(process),
            actionsQueue: port('actionsQueue', actionsQueueOf(stores.queues.actions)),
            directory: port('directory', stores.directory),
            subscriptions: port('subscriptions', stores.subscriptions),
            audiences: port('audiences', stores.audiences),
            runs: port('runs', stores.runs),
            holds: port('holds', stores.holds),
            limiter: makeFakeLimiter(this.nowMs),
            retentionDays: 30,
            openTarget: this.#openTarget(process),
          },
          this.nowMs() + remainingMs - 10_000,
        );
      default:
        return explainBatch(records, { ...shared, ...logs });
    }
  }

  /** As shared/adapters/dynamodb-configuration.ts: read every 15 s, and the last good one while the table is away. */
  #configuration(process: Process): ConfigurationSource {
    const instance = this.#instanceOf.get(process) as Instance;
    const { nowMs } = this;
    const table = this.#port('configuration', { read: async () => this.live }, process);
    const reload = async () => {
      const configuration = await table.read().catch((error) => {
        if (instance.known) return instance.known.configuration;
        throw error;
      });
      instance.known = { configuration, readAtMs: this.nowMs() };
      return configuration;
    };
    return {
      async current() {
        const { known } = instance;
        return known && nowMs() - known.readAtMs < configurationFreshMs ? known.configuration : reload();
      },
      reload,
    };
  }

  #openTarget(process: Process): OpenTarget {
    const instance = this.#instanceOf.get(process) as Instance;
    return (workflow, { type }) => {
      if (type === 'log') return { recordsOnly: true, timeoutMs: 0, start: async () => ({ kind: 'accepted' }) };
      const model = this.stores.targets[workflow as keyof typeof this.stores.targets];
      const target = {
        start: (request: Parameters<typeof model.start>[0]) =>
          model.start(request, this.random, (milliseconds) => this.#wait(milliseconds)),
      };
      return instance.guard(workflow, {
        recordsOnly: false,
        timeoutMs: 5000,
        start: this.#port('target', target, process).start,
      });
    };
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((ring) => this.#timers.push({ atMs: this.nowMs() + milliseconds, ring }));
  }

  #ring(): void {
    const due = this.#timers.filter(({ atMs }) => atMs <= this.nowMs());
    for (const timer of due) {
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      timer.ring();
    }
  }

  #endOverdue(): void {
    for (const process of this.running()) if (process.endsAtMs <= this.nowMs()) this.kill(process);
  }

  #answered(process: Process, { queue, records }: Delivered, response: SQSBatchResponse): void {
    if (process.state !== 'running') return;
    this.#over(process);
    const ids = new Set(records.map(({ messageId }) => messageId));
    const failures = response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    if (failures.some((id) => !ids.has(id))) {
      // Lambda lets the whole batch come back.
      this.ledger.wrong('a handler named a record that it was not given');
      return;
    }
    if (this.random() < this.weather.lostAnswer) return;
    for (const { messageId, receiptHandle } of records)
      if (!failures.includes(messageId)) this.stores.queues[queue].delete(receiptHandle);
  }

  #over(process: Process): void {
    if (process.state !== 'running') return;
    process.state = 'over';
    this.#leave(process, false);
  }

  #leave(process: Process, isDead: boolean): void {
    for (let i = this.gates.length; i--; ) if (this.gates[i]?.process === process) this.gates.splice(i, 1);
    const instance = this.#instanceOf.get(process);
    if (instance) {
      instance.isBusy = false;
      if (isDead) this.#instances.splice(this.#instances.indexOf(instance), 1);
    }
    if (isDead) this.#ends.get(process)?.();
    this.#ends.delete(process);
    this.processes.splice(this.processes.indexOf(process), 1);
  }

  /** Posts once; what the sender does next depends on what it hears, and whether. */
  request(outgoing: Outgoing): Process {
    const process = this.#begin('ingest');
    const source = outgoing.specs[0]?.source ?? 'web';
    const bodies = outgoing.specs.map(bodyOf);
    outgoing.isOut = true;
    outgoing.attempts++;
    const secrets: Secrets = {
      valuesOf: async () => [ingestKey],
      refresh: async () => [ingestKey],
    };
    const request = ingestRequestOf(bodies.length === 1 ? bodies[0] : bodies, {
      source,
      token: ingestToken(ingestKey, source, 1),
    });
    const again = () => {
      outgoing.isOut = false;
      outgoing.dueAtMs = this.nowMs() + Math.min(60_000, 1000 * 2 ** outgoing.attempts);
    };
    this.#ends.set(process, again);
    ingestRequest(request, {
      configuration: this.#configuration(process),
      secrets: this.#port('secrets', secrets, process),
      events: this.#port('events', eventsQueueOf(this.stores.queues.events), process),
      lookAgain: lookAgainFor(this.nowMs),
      logShards: 2,
      log: silentLog,
      nowMs: this.nowMs,
      randomBytes: this.#randomBytes,
    }).then(
      (ingested) => this.#heard(process, outgoing, ingested, again),
      (error) => this.ledger.wrong(`ingest threw: ${error}`),
    );
    return process;
  }

  #heard(process: Process, outgoing: Outgoing, { answer }: Ingested, again: () => void): void {
    if (process.state !== 'running') return;
    this.#over(process);
    if (answer.kind === 'accepted') for (const id of answer.ids) this.ledger.accepted.add(id);
    if (answer.kind === 'refused') this.ledger.wrong(`a good request was refused: ${answer.reason}`);
    if (answer.kind === 'unavailable' && !(answer.error instanceof RetryableError))
      this.ledger.wrong(`ingest failed with a bug: ${answer.error}`);
    const isHeard = this.random() >= this.weather.lostAnswer;
    if (answer.kind === 'accepted' && isHeard) outgoing.isOver = true;
    else again();
  }

  /** When something is next due that is not yet. */
  #nextAtMs(): number | undefined {
    const { queues } = this.stores;
    const times = [
      ...queueNames.flatMap((name) => queues[name].nextAtMs() ?? []),
      ...this.#timers.map(({ atMs }) => atMs),
      ...this.#outgoing.filter(({ isOver, isOut }) => !isOver && !isOut).map(({ dueAtMs }) => dueAtMs),
      ...this.running().map(({ endsAtMs }) => endsAtMs),
    ];
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #checkStorm(): void {
    if (this.stores.queues.actions.waiting().length > stormMessages) this.ledger.wrong('a storm of messages');
  }
}
