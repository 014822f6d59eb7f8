import db, { type DynaliteTable } from 'dynalite/db/index.js';
import batchWriteItem from 'dynalite/validations/batchWriteItem.js';
import deleteItem from 'dynalite/validations/deleteItem.js';
import validations from 'dynalite/validations/index.js';
import putItem from 'dynalite/validations/putItem.js';
import updateItem from 'dynalite/validations/updateItem.js';
import {
  expressionRefusal,
  type IndexKey,
  indexKeyRefusal,
  type KeyAttribute,
  keyRefusal,
  nestingRefusal,
  storedBytes,
} from './table-limits.ts';

let isMended = false;

/**
 * Makes dynalite refuse what DynamoDB refuses, and return the item that fails a condition. It has no
 * options for this, so its own functions are wrapped, for all servers of this process.
 * test/contracts/table-requests.ts has a case for each. docs/emulators.md lists what is left.
 */
export function mendDynalite(): void {
  if (isMended) return;
  isMended = true;

  const { itemSize, validateItem, validateKey, updateIndexes, checkConditional } = db;
  // It counts UTF-16 units instead of bytes. The compressed form is another measure, for pages.
  db.itemSize = (item, isCompressed, ...rest) =>
    isCompressed ? itemSize(item, isCompressed, ...rest) : storedBytes(item);
  db.validateItem = (item, table) =>
    validateItem(item, table) ??
    errorOf(keyRefusal(item, keysOf(table)) ?? indexKeyRefusal(item, indexKeysOf(table)) ?? nestingRefusal(item));
  db.validateKey = (key, table) => validateKey(key, table) ?? errorOf(keyRefusal(key, keysOf(table)));
  // Every write comes here last, updates with the item as it will be.
  db.updateIndexes = (store, table, before, item, done) => {
    const error = item && errorOf(indexKeyRefusal(item, indexKeysOf(table)) ?? nestingRefusal(item));
    if (error) done(error);
    else updateIndexes(store, table, before, item, done);
  };

  for (const { types } of [putItem, updateItem, deleteItem])
    types.ReturnValuesOnConditionCheckFailure = { type: 'String' };
  db.checkConditional = (request, stored) => {
    const error = checkConditional(request, stored);
    if (error && stored && request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD') error.body.Item = stored;
    return error;
  };

  const { validateExpressions } = validations;
  validations.validateExpressions = (request) => expressionRefusal(request) ?? validateExpressions(request);

  const { custom } = batchWriteItem;
  batchWriteItem.custom = (request, store) => {
    const writes = Object.values(request.RequestItems).reduce((sum, requests) => sum + requests.length, 0);
    return custom(request, store) ?? (writes > 25 ? 'Too many items requested for the BatchWriteItem call' : undefined);
  };
}

function errorOf(refusal: string | undefined) {
  return refusal === undefined ? undefined : db.validationError(refusal);
}

function keysOf({ KeySchema }: DynaliteTable): KeyAttribute[] {
  return KeySchema.map(({ AttributeName, KeyType }) => ({ name: AttributeName, isPartition: KeyType === 'HASH' }));
}

function indexKeysOf({ GlobalSecondaryIndexes = [] }: DynaliteTable): IndexKey[] {
  return GlobalSecondaryIndexes.flatMap(({ IndexName, KeySchema }) =>
    KeySchema.map(({ AttributeName, KeyType }) => ({
      name: AttributeName,
      isPartition: KeyType === 'HASH',
      index: IndexName,
    })),
  );
}
