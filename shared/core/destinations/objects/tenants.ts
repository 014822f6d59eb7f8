import { tenantIdProblem } from '../../actions/parts/params.ts';
import { tenantsSet } from '../../actions/tenants-set.ts';
import { tenantsCollection } from '../../ids/entity-ref.ts';
import type { DestinationObject } from '../destination.ts';
import { entityDeed, idOf, reservedNames } from './entity.ts';

export const tenants: DestinationObject = {
  id: 'tenants',
  label: 'Tenants',
  fields: [
    { name: 'id', label: 'Tenant ID', identifier: true, required: true },
    { name: 'name', label: 'Name' },
  ],
  takesProperties: true,
  reserved: reservedNames,
  operations: ['upsert', 'insert', 'update', 'delete'],
  guardsDeletes: true,
  deedOf({ id: given, ...properties }, operation) {
    const read = idOf({ id: given ?? null }, 'id', tenantIdProblem);
    if ('problem' in read) return read;
    const { id } = read;
    const ref = { kind: 'object', collection: tenantsCollection, id } as const;
    return entityDeed({ ref, identity: { id }, properties, set: tenantsSet }, operation);
  },
};
