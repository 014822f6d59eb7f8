import { idProblem } from '../../actions/parts/params.ts';
import { usersIdentify } from '../../actions/users-identify.ts';
import type { DestinationObject } from '../destination.ts';
import { entityDeed, idOf, reservedNames } from './entity.ts';

export const users: DestinationObject = {
  id: 'users',
  label: 'Users',
  fields: [
    { name: 'id', label: 'User ID', identifier: true, required: true },
    { name: 'name', label: 'Name' },
    { name: 'email', label: 'E-mail address' },
    { name: 'phone_number', label: 'Phone number' },
    { name: 'avatar', label: 'Picture (URL)' },
    { name: 'timezone', label: 'Time zone' },
    { name: 'locale', label: 'Locale' },
    { name: 'created_at', label: 'Created at', type: 'date_time' },
  ],
  takesProperties: true,
  reserved: reservedNames,
  operations: ['upsert', 'insert', 'update', 'delete'],
  guardsDeletes: true,
  deedOf({ id: given, ...properties }, operation) {
    const read = idOf({ id: given ?? null }, 'id', idProblem);
    if ('problem' in read) return read;
    const { id } = read;
    return entityDeed({ ref: { kind: 'user', id }, identity: { id }, properties, set: usersIdentify }, operation);
  },
};
