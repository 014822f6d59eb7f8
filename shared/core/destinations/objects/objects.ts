import { objectsSet } from '../../actions/objects-set.ts';
import { collectionProblem, idProblem } from '../../actions/parts/params.ts';
import type { DestinationObject } from '../destination.ts';
import { entityDeed, idOf, reservedNames } from './entity.ts';

export const objects: DestinationObject = {
  id: 'objects',
  label: 'Objects',
  fields: [
    { name: 'id', label: 'Object ID', identifier: true, required: true },
    { name: 'collection', label: 'Collection', required: true },
    { name: 'name', label: 'Name' },
  ],
  takesProperties: true,
  reserved: reservedNames,
  operations: ['upsert', 'insert', 'update', 'delete'],
  guardsDeletes: true,
  deedOf({ id: givenId, collection: givenCollection, ...properties }, operation) {
    const read = idOf({ id: givenId ?? null }, 'id', idProblem);
    if ('problem' in read) return read;
    const within = idOf({ collection: givenCollection ?? null }, 'collection', collectionProblem);
    if ('problem' in within) return within;
    const identity = { collection: within.id, id: read.id };
    return entityDeed({ ref: { kind: 'object', ...identity }, identity, properties, set: objectsSet }, operation);
  },
};
