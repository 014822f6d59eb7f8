import { type ObjectRef, tenantsCollection } from '../../ids/entity-ref.ts';
import { type ActionResult, invalidParams } from '../../logs/action-result.ts';
import { tenantIdProblem } from './params.ts';

/** Why an object's id is not valid in its collection: tenants have stricter ids. */
export function objectProblem({ collection, id }: ObjectRef): ActionResult | undefined {
  const problem = collection === tenantsCollection ? tenantIdProblem(id) : undefined;
  return problem === undefined ? undefined : invalidParams([{ field: 'id', message: problem }]);
}
