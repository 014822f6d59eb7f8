import { readdirSync, readFileSync } from 'node:fs';
import type { MetricValues } from '../../infra/local/metrics.ts';
import type { TableName } from '../../shared/adapters/table-definitions.ts';
import type { QueueName } from './pipeline.ts';
import type { StoryEvent } from './story.ts';

/** An environment in the middle of its work, as one version left it. */
export type Recording = {
  /** The commit whose functions wrote it. */
  commit: string;
  recordedAtMs: number;
  /** What was sent, the copies left out. */
  sent: StoryEvent[];
  /** Message ids that came a second time. */
  copies: string[];
  /** What the target had done. */
  effects: [key: string, ids: string[]][];
  refused: string[];
  /** What ingest had counted. */
  counted: MetricValues[];
  /** Bodies of messages. */
  queues: Record<QueueName, string[]>;
  /** Items in DynamoDB's own JSON. */
  tables: Partial<Record<TableName, Item[]>>;
};

export type Attribute = { [type: string]: unknown };
export type Item = Record<string, Attribute>;

export const fileOf = (commit: string) => new URL(`../fixtures/rollback/${commit}.json`, import.meta.url);

/** Commits of which there is a recording. */
export function recordings(): string[] {
  return readdirSync(new URL('../fixtures/rollback/', import.meta.url)).map((name) => name.replace(/\.json$/, ''));
}

export function readRecording(commit: string): Recording {
  return JSON.parse(readFileSync(fileOf(commit), 'utf8'));
}
