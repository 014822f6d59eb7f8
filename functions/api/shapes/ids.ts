import * as z from 'zod';
import { idProblem } from '../../../shared/core/actions/parts/params.ts';

/**
 * An id in a path: text that the directory takes as a key. A control character is part of no id that a
 * person means: it comes from a list that was split badly.
 */
export function idParam(what: string, problemOf: (id: string) => string | undefined = idProblem) {
  return z
    .string()
    .superRefine((id, context) => {
      const problem = problemOf(id) ?? (/\p{Cc}/u.test(id) ? 'must not contain control characters' : undefined);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    })
    .describe(what);
}
