/*
 * What DynamoDB refuses, as far as the embedded tables let it pass. Values are in DynamoDB's JSON.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */

export type AttributeValue = {
  S?: string;
  N?: string;
  B?: string;
  BOOL?: boolean;
  NULL?: boolean;
  SS?: string[];
  NS?: string[];
  BS?: string[];
  L?: AttributeValue[];
  M?: Item;
};
export type Item = Record<string, AttributeValue>;

export const itemBytesMax = 400 * 1024;
/** An item is the first level, so an attribute may hold 31 maps or lists inside each other. */
const levelsMax = 32;
const partitionKeyBytesMax = 2048;
const sortKeyBytesMax = 1024;

/** An item's size as AWS counts it: UTF-8 bytes of names and values. */
export function storedBytes(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);
}

function valueBytes({ S, N, B, SS, NS, BS, L, M }: AttributeValue): number {
  if (S !== undefined) return Buffer.byteLength(S);
  if (N !== undefined) return numberBytes(N);
  if (B !== undefined) return Buffer.byteLength(B, 'base64');
  if (SS !== undefined) return sumOf(SS, Buffer.byteLength);
  if (NS !== undefined) return sumOf(NS, numberBytes);
  if (BS !== undefined) return sumOf(BS, (text) => Buffer.byteLength(text, 'base64'));
  // Three for the list or map, one more for each member.
  if (L !== undefined) return 3 + sumOf(L, (member) => 1 + valueBytes(member));
  if (M !== undefined) return 3 + Object.keys(M).length + storedBytes(M);
  return 1;
}

const sumOf = <Member>(members: Member[], bytesOf: (member: Member) => number) =>
  members.reduce((sum, member) => sum + bytesOf(member), 0);

/** Two digits to a byte, in pairs that begin at the decimal point; one for the exponent, one for a sign. */
function numberBytes(text: string): number {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = `${whole}${fraction}`;
  const significant = digits.replace(/^0+/, '').replace(/0+$/, '');
  if (significant === '') return 1;
  const leadingZeros = digits.length - digits.replace(/^0+/, '').length;
  const magnitude = whole.length - 1 - leadingZeros + Number(exponent);
  const isSplit = significant.length % 2 === 0 && magnitude % 2 === 0;
  return 1 + Math.ceil(significant.length / 2) + (isSplit ? 1 : 0) + (sign === '-' ? 1 : 0);
}

export type KeyAttribute = { name: string; isPartition: boolean };

/** Why a table refuses keys of its own; undefined when it takes them. */
export function keyRefusal(item: Item, keys: readonly KeyAttribute[]): string | undefined {
  for (const { name, isPartition } of keys) {
    const value = item[name];
    if (value === undefined) continue;
    if (value.S === '')
      return `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`;
    const refusal = keySizeRefusal(value, isPartition);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

export type IndexKey = KeyAttribute & { index: string };

/**
 * Why an index refuses an item. An item without the attribute is left out of the index; with an
 * empty or very long one the whole write is refused.
 */
export function indexKeyRefusal(item: Item, keys: readonly IndexKey[]): string | undefined {
  for (const { name, isPartition, index } of keys) {
    const value = item[name];
    if (value === undefined) continue;
    if (value.S === '')
      return `One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: ${index}, IndexKey: ${name}`;
    const refusal = keySizeRefusal(value, isPartition);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function keySizeRefusal(value: AttributeValue, isPartition: boolean): string | undefined {
  if (value.N !== undefined) return undefined;
  const bytes = valueBytes(value);
  if (isPartition && bytes > partitionKeyBytesMax)
    return 'One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes';
  if (!isPartition && bytes > sortKeyBytesMax)
    return 'One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes';
  return undefined;
}

export function nestingRefusal(item: Item): string | undefined {
  return levelsOf({ M: item }) > levelsMax
    ? 'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit'
    : undefined;
}

function levelsOf({ L, M }: AttributeValue): number {
  const members = L ?? (M && Object.values(M));
  return members === undefined ? 0 : 1 + members.reduce((most, member) => Math.max(most, levelsOf(member)), 0);
}

const parameters = [
  'ConditionExpression',
  'FilterExpression',
  'KeyConditionExpression',
  'ProjectionExpression',
  'UpdateExpression',
] as const;
export type Expressions = { [Name in (typeof parameters)[number]]?: string } & {
  ExpressionAttributeValues?: Item;
};

const expressionBytesMax = 4096;
const operatorsMax = 300;
const operandsMax = 100;
const valuesBytesMax = 2 * 1024 * 1024;

export function expressionRefusal(request: Expressions): string | undefined {
  for (const name of parameters) {
    const expression = request[name];
    const problem = expression === undefined ? undefined : expressionProblem(expression, name);
    if (problem !== undefined) return `Invalid ${name}: ${problem}`;
  }
  const values = request.ExpressionAttributeValues;
  return values && storedBytes(values) > valuesBytesMax ? 'ExpressionAttributeValues exceeds max size' : undefined;
}

function expressionProblem(expression: string, name: (typeof parameters)[number]): string | undefined {
  const bytes = Buffer.byteLength(expression);
  if (bytes > expressionBytesMax)
    return `Expression size has exceeded the maximum allowed size; expression size: ${bytes}`;
  if (operatorsIn(expression, name === 'UpdateExpression') > operatorsMax)
    return `The expression contains too many operators; operator count: ${operatorsMax + 1}`;
  for (const [, list = ''] of expression.matchAll(/\bIN\s*\(([^()]*)\)/gi)) {
    const operands = list.split(',').length;
    if (operands > operandsMax)
      return `The IN operator is provided with too many operands; number of operands: ${operands}`;
  }
  return undefined;
}

const words = new Set(['AND', 'OR', 'NOT', 'BETWEEN', 'IN']);

/** Comparisons, AND, OR, NOT, BETWEEN, IN, + and -, and functions. The `=` of SET is none of them. */
function operatorsIn(expression: string, isUpdate: boolean): number {
  let count = 0;
  for (const [, token = '', opens] of expression.matchAll(/([#:]?\w+|<>|<=|>=|[=<>+-])\s*(\()?/g)) {
    if (/^\w/.test(token)) {
      if (words.has(token.toUpperCase()) || opens !== undefined) count++;
    } else if (!/^[#:]/.test(token) && !(isUpdate && token === '=')) count++;
    // Its own AND is a part of it.
    if (token.toUpperCase() === 'BETWEEN') count--;
  }
  return count;
}
