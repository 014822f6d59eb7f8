declare module 'dynalite' {
  import type { Server } from 'node:http';
  export default function dynalite(options?: {
    path?: string;
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
    maxItemSizeKb?: number;
  }): Server;
}

/* Its insides, as far as limits/mend-dynalite.ts wraps them. */

declare module 'dynalite/db/index.js' {
  import type { Item } from './limits/table-limits.ts';

  type Refusal = Error & { statusCode: number; body: { __type: string; message: string; Item?: Item } };
  type Key = { AttributeName: string; KeyType: 'HASH' | 'RANGE' };
  export type DynaliteTable = {
    KeySchema: Key[];
    GlobalSecondaryIndexes?: { IndexName: string; KeySchema: Key[] }[];
  };
  const db: {
    itemSize(item: Item, isCompressed?: boolean, ...rest: unknown[]): number;
    validateItem(item: Item, table: DynaliteTable): Refusal | undefined;
    validateKey(key: Item, table: DynaliteTable): Refusal | undefined;
    updateIndexes(
      store: unknown,
      table: DynaliteTable,
      before: Item | undefined,
      item: Item | undefined,
      done: (error?: Error) => void,
    ): void;
    /** The key of an item within its table, and those of its rows in the indexes. */
    createKey(item: Item, table: DynaliteTable): string;
    getIndexActions(
      indexes: NonNullable<DynaliteTable['GlobalSecondaryIndexes']>,
      before: Item | undefined,
      item: Item | undefined,
      table: DynaliteTable,
    ): { puts: { index: string; key: string; item: Item }[] };
    checkConditional(
      request: { ReturnValuesOnConditionCheckFailure?: string },
      stored: Item | undefined,
    ): Refusal | undefined | null;
    validationError(message: string): Refusal;
  };
  export default db;
}

declare module 'dynalite/validations/index.js' {
  import type { Expressions } from './limits/table-limits.ts';

  const validations: { validateExpressions(request: Expressions): string | undefined };
  export default validations;
}

declare module 'dynalite/validations/batchWriteItem.js' {
  const validation: {
    custom(request: { RequestItems: Record<string, unknown[]> }, store: unknown): string | undefined;
  };
  export default validation;
}

declare module 'dynalite/validations/putItem.js' {
  const validation: { types: Record<string, { type: string }> };
  export default validation;
}

declare module 'dynalite/validations/updateItem.js' {
  const validation: { types: Record<string, { type: string }> };
  export default validation;
}

declare module 'dynalite/validations/deleteItem.js' {
  const validation: { types: Record<string, { type: string }> };
  export default validation;
}
