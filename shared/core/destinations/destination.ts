import type * as z from 'zod';
import type { MemberKey } from '../../ports/audiences.ts';
import type { Action } from '../actions/action.ts';
import type { EntityRef } from '../ids/entity-ref.ts';
import type { JsonObject, JsonValue } from '../json/values.ts';
import type { RpcError } from './json-rpc.ts';

/** What a record asks for. `delete` is the second half of a mirror. */
export type Operation = 'insert' | 'upsert' | 'update' | 'delete';

/** A field that the vendor's form offers. Absent flags are false. */
export type DestinationField = {
  name: string;
  label: string;
  /** By which records are told apart; one per object. Cannot be changed. */
  identifier?: true;
  required?: true;
  /** Default: text. */
  type?: 'string' | 'date_time';
};

/** One kind of thing that a sync can fill. */
export type DestinationObject = {
  id: string;
  label: string;
  fields: readonly DestinationField[];
  /** Whether names that are no field become properties. */
  takesProperties: boolean;
  /** Names that no property may have. */
  reserved: readonly string[];
  operations: readonly Operation[];
  /** Whether a sync deletes only where the source's file says so: what leaves a query is gone for good. */
  guardsDeletes: boolean;
  /** What a record asks for: a deed, or what is wrong with the record. */
  deedOf(record: JsonObject, operation: Operation): Deed | { problem: string };
};

/** What is done for one record, with the code that an event's action runs. */
export type Deed =
  | {
      kind: 'set';
      ref: EntityRef;
      action: Action;
      payload: JsonObject;
      /** `create` leaves what exists as it is; `change` makes nothing. Absent: both. */
      only?: 'create' | 'change';
    }
  /** What hangs on the entity is removed by the action of an event. */
  | { kind: 'remove'; ref: EntityRef }
  | { kind: 'join' | 'leave'; audience: string; member: MemberKey }
  | { kind: 'trigger'; workflow: string };

/** The deeds of one kind. */
export type DeedOf<Kind extends Deed['kind']> = Extract<Deed, { kind: Kind }>;

/** Speed limits of a sync, which vendors ask for before each run. */
export type SyncLimits = {
  batchSize: number;
  parallelBatches: number;
  recordsPerSecond: number;
  /** Of one vendor's connection, whatever it calls. */
  requestsPerSecond: number;
};

/** What a source's file lets a sync do. */
export type DestinationSettings = {
  /** Whether a sync may delete users, tenants and objects. */
  deletes: boolean;
  /** Whether each record has a row: else only those that were refused, or that something runs for. */
  logRows: boolean;
  /** Whether protocols that make audiences may do so. */
  createsAudiences: boolean;
  /** Whether protocols are spoken that are a preview. */
  preview: boolean;
};

/** A batch of records, whichever protocol brought it. */
export type SyncBatch = {
  object: DestinationObject;
  operation: Operation;
  /** The type of each record's event: `record.upsert`. */
  eventType: string;
  /** The vendor's numbers of the sync and of its run, as text. */
  syncId?: string;
  syncRunId?: string;
  /** Whether audiences that are not there are made. Default: false. */
  createsAudiences?: boolean;
  records: SyncRecord[];
};

/** `fields`: by the names of the object's fields. `problem`: why it cannot be applied. */
export type SyncRecord = { fields: JsonObject; problem?: string };

/** What became of a record; the sentence is for the person who watches the sync. */
export type RecordOutcome = { done: true } | { done: false; message: string };

/** What a method answers, or needs done before it can answer. */
export type Reply =
  | { kind: 'result'; result: JsonValue }
  | { kind: 'error'; error: RpcError }
  /** Whether the connection works is to be tried. `answer` gets the problem, if there is one. */
  | { kind: 'check'; answer(problem: string | undefined): JsonValue }
  /** `answer` gets the outcomes in the order of the records. */
  | { kind: 'sync'; batch: SyncBatch; answer(outcomes: RecordOutcome[]): JsonValue };

export type ReplyContext = { settings: DestinationSettings; limits: SyncLimits };

/** One method of a protocol; `reply` gets what `params` gives. */
export type Method = {
  params: z.ZodType;
  reply(params: never, context: ReplyContext): Reply;
};

/** Checks a method's types. */
export function defineMethod<Params extends z.ZodType>(definition: {
  params: Params;
  reply(params: z.output<Params>, context: ReplyContext): Reply;
}): Method {
  return definition as unknown as Method;
}

/** A vendor's way to hand over records by calling methods. */
export type DestinationProtocol = {
  /** The kind of source that stands for it; also the key of its rows when no file is of that kind. */
  kind: string;
  /** As the official client names the call. */
  call: string;
  path: string;
  does: string;
  /**
   * True while its form is not confirmed by the vendor. The source's file has to allow it, and the
   * form of the first calls is logged. Default: false.
   */
  isPreview?: boolean;
  methods: ReadonlyMap<string, Method>;
};
