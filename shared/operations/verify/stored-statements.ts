import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { type ConfigurationTable, queryAll } from '../../adapters/dynamodb-configuration-table.ts';
import { Statement } from './statement.ts';

/*
 * Statements that the schedule made, in the Configuration table: `pk = statements`, `sk = {day}#{made
 * at}`. They stay when the rows that they are about are gone. A day has several when it was made again,
 * because something waited or differed.
 */

const partition = 'statements';

const keyOf = ({ window, made_at }: Pick<Statement, 'window' | 'made_at'>) => ({
  pk: partition,
  sk: `${window.since.slice(0, 10)}#${made_at}`,
});

/** As text, so that no conversion of a table changes what the hash is about. */
export async function storeStatement({ client, table }: ConfigurationTable, statement: Statement): Promise<void> {
  const { sha256, verdict } = statement;
  const Item = { ...keyOf(statement), verdict, sha256, statement: JSON.stringify(statement) };
  await client.send(new PutCommand({ TableName: table, Item }));
}

/** The kept copy of a statement; undefined for one that a person made. */
export async function readStoredStatement(
  { client, table }: ConfigurationTable,
  statement: Statement,
): Promise<Statement | undefined> {
  const { Item } = await client.send(new GetCommand({ TableName: table, Key: keyOf(statement), ConsistentRead: true }));
  return Item && Statement.parse(JSON.parse(String(Item.statement)));
}

/** All that are kept, newest day first, and of a day the newest first. */
export async function listStoredStatements(table: ConfigurationTable): Promise<Statement[]> {
  const items = await queryAll(table, partition, true);
  return items.map(({ statement }) => Statement.parse(JSON.parse(String(statement)))).reverse();
}
