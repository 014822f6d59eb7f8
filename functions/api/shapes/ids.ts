import * as z from 'zod';
import { idProblem } from '../../../shared/core/actions/parts/params.ts';

/** An id in a path: text that the directory takes as a key. */
export function idParam(what: string, problemOf: (id: string) => string | undefined = idProblem) {
  return z
    .string()
    .superRefine((id, context) => {
      const problem = problemOf(id);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    })
    .describe(what);
}
