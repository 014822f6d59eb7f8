/**
 * All tables with their keys and indexes. The stack creates them from this list, adapters take
 * attribute names from it, and tests create them in an emulator. What the keys hold:
 * docs/tables.md.
 */
export type IndexDefinition = {
  partitionKey: string;
  sortKey: string;
  projection: 'KEYS_ONLY' | readonly string[];
};

export type TableDefinition = {
  /** Environment variable that tells a function the table's name. */
  variable: string;
  partitionKey: string;
  sortKey: string;
  /**
   * Attribute with the epoch second after which DynamoDB may delete the item; absent where items
   * stay.
   */
  timeToLive?: string;
  indexes: Readonly<Record<string, IndexDefinition>>;
};

const keys = { partitionKey: 'pk', sortKey: 'sk' } as const;

export const tableDefinitions = {
  Claims: { ...keys, variable: 'CLAIMS_TABLE', timeToLive: 'expires_at', indexes: {} },
  EventLog: {
    ...keys,
    variable: 'EVENT_LOG_TABLE',
    timeToLive: 'expires_at',
    indexes: {
      // Sparse: only rejected and failed events carry the key.
      problems: { partitionKey: 'problem', sortKey: 'sk', projection: ['source', 'event_type', 'reason'] },
      users: { partitionKey: 'user_bucket', sortKey: 'sk', projection: 'KEYS_ONLY' },
    },
  },
  ActionLog: {
    ...keys,
    variable: 'ACTION_LOG_TABLE',
    timeToLive: 'expires_at',
    indexes: {
      // Sparse: only executions with a failed or skipped action.
      problems: { partitionKey: 'problem', sortKey: 'sk', projection: ['source', 'event_type', 'reason', 'event_id'] },
    },
  },
  WorkflowRuns: {
    ...keys,
    variable: 'WORKFLOW_RUNS_TABLE',
    timeToLive: 'expires_at',
    indexes: {
      // Sparse: only unfinished runs that have a cancellation key.
      cancellations: { partitionKey: 'cancellation', sortKey: 'sk', projection: 'KEYS_ONLY' },
    },
  },
  Directory: {
    ...keys,
    variable: 'DIRECTORY_TABLE',
    timeToLive: 'expires_at',
    indexes: {
      // Written when an entity is created or deleted, never when it changes.
      list: { partitionKey: 'list', sortKey: 'pk', projection: 'KEYS_ONLY' },
    },
  },
  Configuration: { ...keys, variable: 'CONFIGURATION_TABLE', indexes: {} },
} as const satisfies Record<string, TableDefinition>;

export type TableName = keyof typeof tableDefinitions;
