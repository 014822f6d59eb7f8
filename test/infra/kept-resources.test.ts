import { describe, expect, test } from '@jest/globals';
import { environments } from '../../infra/environments.ts';
import { differences, keptFile, keptOf, readKept } from './kept-resources.ts';
import { resource, type StackTemplate, templateOf } from './templates.ts';

const kept = readKept();

/** What the list says to a change of production's template. */
function said(change: (template: StackTemplate) => void): string {
  const template = structuredClone(templateOf('production'));
  change(template);
  return differences('production', kept.production ?? {}, keptOf(template)).join('\n\n');
}

const rename = (template: StackTemplate, from: string, to: string) => {
  template.Resources[to] = resource(template, from);
  delete template.Resources[from];
};

describe('what a stack holds', () => {
  test.each(environments)('no deploy of $name replaces, renames or forgets anything of it', ({ name }) => {
    expect(differences(name, kept[name] ?? {}, keptOf(templateOf(name))).join('\n\n')).toBe('');
  });

  test('the list has no environment that is gone', () => {
    expect(Object.keys(kept)).toEqual(environments.map(({ name }) => name));
  });
});

// The list is worth what it refuses.
describe('the list says', () => {
  test('what is lost when a table gets another logical id, and how to keep the old one', () => {
    const text = said((template) => rename(template, 'EventLog', 'Tables7EventLog'));
    expect(text).toContain(
      'EventLog (AWS::DynamoDB::Table, chosen by AWS) would be deleted, perhaps for Tables7EventLog.',
    );
    expect(text).toContain('Lost: all rows of events: `events`, `why` and `replay` know nothing from before.');
    expect(text).toContain("keepLogicalId(resource, 'EventLog')");
    expect(text).toContain(`under production in ${keptFile}`);
    expect(text).toContain('Tables7EventLog (AWS::DynamoDB::Table) is new and not listed');
  });

  test('that another key replaces a table, with the lines that would allow it', () => {
    const text = said((template) => {
      const { KeySchema } = resource(template, 'Directory').Properties;
      [KeySchema[0].AttributeName, KeySchema[1].AttributeName] = ['sk', 'pk'];
    });
    expect(text).toContain('Directory (AWS::DynamoDB::Table) would be replaced by an empty one.');
    expect(text).toContain('keys: pk HASH S, sk RANGE S → sk HASH S, pk RANGE S');
    expect(text).toContain(
      'put this under production in infra/kept-resources.yaml:\n    Directory:\n      type: AWS::DynamoDB::Table',
    );
  });

  test('that a key of another type replaces a table', () => {
    const text = said((template) => {
      for (const attribute of resource(template, 'Claims').Properties.AttributeDefinitions)
        attribute.AttributeType = 'B';
    });
    expect(text).toContain('keys: pk HASH S, sk RANGE S → pk HASH B, sk RANGE B');
  });

  test('that an index cannot be changed under its name', () => {
    const text = said((template) => {
      resource(template, 'EventLog').Properties.GlobalSecondaryIndexes[0].Projection = { ProjectionType: 'ALL' };
    });
    expect(text).toContain('EventLog (AWS::DynamoDB::Table) changes an index.');
    expect(text).toContain('A changed one needs another name');
  });

  test('that a queue with another name is another queue, without the messages', () => {
    const text = said((template) => {
      resource(template, 'ActionsQueue').Properties.QueueName = 'actions';
    });
    expect(text).toContain('name: signalbox-production-actions → actions');
    expect(text).toContain('Lost: all messages that wait in it.');
  });

  test('that a secret which is generated otherwise is a new key', () => {
    const text = said((template) => {
      resource(template, 'IngestKey').Properties.GenerateSecretString.PasswordLength = 32;
    });
    expect(text).toContain('Lost: the key of all ingest URLs: every sender gets 404 until it has a new URL.');
  });

  test.each([
    ['EventsQueue', 'all messages that wait in it'],
    ['IngestKey', 'the key of all ingest URLs'],
    ['IngestApi9A114750', 'its host name, with which all ingest URLs begin'],
    ['AlarmsTopic3A2DFEBA', 'its subscriptions'],
    ['IngestLog9526980E', 'all log lines in it'],
  ])('what is lost with %s', (id, loss) => {
    const text = said((template) => delete template.Resources[id]);
    expect(text).toContain(`${id} (`);
    expect(text).toContain(`would be deleted. Lost: ${loss}`);
  });

  test('that a table of production would go with its stack', () => {
    const text = said((template) => {
      resource(template, 'Claims').DeletionPolicy = 'Delete';
    });
    expect(text).toContain('Claims (AWS::DynamoDB::Table) ends otherwise with its stack.');
    expect(text).toMatch(/when the stack is deleted: Retain.* → Delete/);
  });

  test('that rows would be forgotten which were kept for good', () => {
    const text = said((template) => {
      resource(template, 'Configuration').Properties.TimeToLiveSpecification = { AttributeName: 'a', Enabled: true };
    });
    expect(text).toContain('rows end at: nothing → a');
  });

  test('nothing to what can be changed at any time', () => {
    const text = said((template) => {
      resource(template, 'EventsQueue').Properties.VisibilityTimeout = 7;
      resource(template, 'Claims').Properties.PointInTimeRecoverySpecification = {};
      delete template.Resources.Dashboard7A714131;
    });
    expect(text).toBe('');
  });
});
