import { collectionProblem } from '../../../shared/core/actions/parts/params.ts';
import { usersCollection } from '../../../shared/core/ids/entity-ref.ts';
import { idParam } from './ids.ts';

/** A collection in a path. */
export const collectionParam = idParam('The collection; `$tenants` holds the tenants.', (collection) =>
  collection === usersCollection
    ? `${usersCollection} is not a collection of objects; call /v1/users`
    : collectionProblem(collection),
);
