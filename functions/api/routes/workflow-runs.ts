import * as z from 'zod';
import { recipientKey } from '../../../shared/core/ids/entity-ref.ts';
import { findRunById } from '../../../shared/operations/requests/find-run.ts';
import { type ListedRuns, listRuns, listRunsOf } from '../../../shared/operations/requests/list-runs.ts';
import { publicStatuses } from '../../../shared/operations/runs/run-status.ts';
import { invalid, invalidFields, missing, ok } from '../answer.ts';
import { defineRoute, type Route } from '../route.ts';
import { PageInfo, pagedList, pageQuery } from '../shapes/page.ts';
import { recipientQuery } from '../shapes/references.ts';
import { Run, RunDetail, runDetailShape, runShape } from '../shapes/run.ts';

const path = '/v1/workflow_recipient_runs';

/** A place among runs names up to three recipients, of 1,001 bytes each. */
const placeBytesMax = 4096;

const Moment = z.iso
  .datetime({ offset: true, error: 'must be a time, such as 2026-05-04T08:15:30Z' })
  .transform((text) => Date.parse(text))
  .optional();

export const workflowRunRoutes: readonly Route[] = [
  defineRoute({
    call: 'workflowRecipientRuns.list',
    method: 'GET',
    path,
    does: 'lists runs, newest first, of one recipient or of all',
    permission: 'secret',
    params: z.object({}),
    query: z.object({
      ...pageQuery,
      workflow: z.string().optional().describe('Only runs of this workflow.'),
      status: z.array(z.enum(publicStatuses)).optional().describe('Only runs in one of these states.'),
      tenant: z.string().optional().describe('Only runs with this tenant.'),
      has_errors: z
        .enum(['true', 'false'])
        .transform((text) => text === 'true')
        .optional()
        .describe('Only runs with an error, or without one.'),
      recipient: recipientQuery.describe('Only runs for this user or object: `recipient=u1`, or `recipient[id]=…`.'),
      starting_at: Moment.describe('Only runs that an event or request of this time, or a later one, started.'),
      ending_at: Moment.describe('Only runs that an event or request of this time, or an earlier one, started.'),
    }),
    answer: z.object({ items: z.array(Run), page_info: PageInfo }),
    async handle({ query, request, ports }) {
      const { workflow, tenant, recipient, status: statuses, has_errors: hasErrors } = query;
      const { starting_at: sinceMs, ending_at: untilMs } = query;
      if (sinceMs !== undefined && untilMs !== undefined && sinceMs > untilMs)
        return invalid([{ field: 'ending_at', message: 'must not be before starting_at', type: null }]);
      const asked = { workflow, tenant, statuses, hasErrors, sinceMs, untilMs };
      const list = pagedList(`runs ${recipient === undefined ? '' : recipientKey(recipient)}`, query, placeBytesMax);
      if (list.kind === 'refused') return list;
      const listed: ListedRuns =
        recipient === undefined
          ? await listRuns(asked, list.wanted, request, ports)
          : { kind: 'listed', page: await listRunsOf(recipient, asked, list.wanted, request, ports) };
      if (listed.kind === 'refused') return invalidFields(listed.errors);
      const { entries: items, page_info } = list.answerOf(listed.page, (run) => runShape(run, ports.nowMs()));
      return ok({ items, page_info });
    },
  }),
  defineRoute({
    call: 'workflowRecipientRuns.get',
    method: 'GET',
    path: `${path}/{id+}`,
    does: 'returns a run, with what happened to it',
    permission: 'secret',
    params: z.object({ id: z.string().describe('As lists and targets name it.') }),
    query: z.object({}),
    answer: RunDetail,
    async handle({ params: { id }, ports }) {
      const found = await findRunById(id, ports);
      return found === undefined ? missing(`there is no run ${id}`) : ok(runDetailShape(found, ports.nowMs()));
    },
  }),
];
