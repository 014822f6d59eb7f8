/*
 * What SQS refuses, as far as the embedded queues let it pass.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */

export type Entry = {
  Id?: string;
  DelaySeconds?: number;
  MessageGroupId?: string;
  MessageAttributes?: Record<string, unknown>;
};
export type QueueRequest = Entry & { Entries?: Entry[]; Attributes?: Record<string, string> };
export type QueueRefusal = { type: string; message: string };
export type FailedEntry = { Id: string; SenderFault: true; Code: string; Message: string };

const delaySecondsMax = 900;
const attributesMax = 10;
const groupLengthMax = 128;
const entryIdLengthMax = 80;

/** Why a whole request is refused; undefined when the queues may answer it. */
export function queueRefusal(action: string, request: QueueRequest): QueueRefusal | undefined {
  if (action === 'SendMessage') return messageRefusal(request);
  const isLong = request.Entries?.some(({ Id = '' }) => Id.length > entryIdLengthMax) ?? false;
  return isLong
    ? {
        type: 'InvalidBatchEntryId',
        message:
          'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
      }
    : undefined;
}

/** The entries of a SendMessageBatch that fail by themselves; the others are sent. */
export function failedEntries(entries: Entry[]): FailedEntry[] {
  return entries.flatMap((entry) => {
    const refusal = messageRefusal(entry);
    if (refusal === undefined) return [];
    return [{ Id: entry.Id ?? '', SenderFault: true, Code: refusal.type, Message: refusal.message }];
  });
}

function messageRefusal({ DelaySeconds, MessageGroupId, MessageAttributes = {} }: Entry): QueueRefusal | undefined {
  if (DelaySeconds !== undefined && !(DelaySeconds >= 0 && DelaySeconds <= delaySecondsMax))
    return {
      type: 'InvalidParameterValue',
      message: `Value ${DelaySeconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= ${delaySecondsMax}.`,
    };
  const count = Object.keys(MessageAttributes).length;
  if (count > attributesMax)
    return {
      type: 'InvalidParameterValue',
      message: `Number of message attributes [${count}] exceeds the allowed maximum [${attributesMax}].`,
    };
  if (MessageGroupId !== undefined && !isGroup(MessageGroupId))
    return {
      type: 'InvalidParameterValue',
      message: `Value ${MessageGroupId} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to ${groupLengthMax} in length.`,
    };
  return undefined;
}

const isGroup = (text: string) => text.length <= groupLengthMax && /^[!-~]+$/.test(text);
