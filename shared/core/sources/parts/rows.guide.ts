import type { JsonObject } from '../../json/values.ts';
import type { DefaultMapping, SampleMaker, SampleUser } from '../guide.ts';

/** For kinds whose vendor also calls methods: those records are stored by the request. */
export const postedRows = [{ path: 'preprocess.object', exists: false }];

/** Keeps a user as the row says; for kinds whose `data` is the row. */
export function rowIdentifyMapping(event: string, id: string, when?: typeof postedRows): DefaultMapping {
  const others = when && ' Records of syncs that call methods are stored without it.';
  return {
    about: `Keeps the user as the row says. Put the names of your own columns here; all others become properties. A column that is null or "" changes nothing.${others ?? ''}`,
    mapping: {
      id,
      event,
      action: 'users_identify',
      parameters: {
        id: 'user_id',
        name: 'data.name',
        email: 'data.email',
        phone_number: { first: ['data.phone_number', 'data.phone'] },
        avatar: 'data.avatar',
        locale: 'data.locale',
        timezone: 'data.timezone',
        created_at: 'preprocess.created_at',
        properties: 'preprocess.custom_columns',
      },
      ...(when && { when }),
    },
  };
}

/** For rows that are no longer in the query's result. */
export function rowDeleteMapping(event: string, id: string, when?: typeof postedRows): DefaultMapping {
  return {
    about: 'Deletes the user. Use it only if a user who leaves the query is to be forgotten.',
    optional: true,
    mapping: { id, event, action: 'users_delete', parameters: { id: 'user_id' }, ...(when && { when }) },
  };
}

const plans = ['starter', 'team', 'annual'] as const;

/** The columns of a customer in a warehouse. */
export function sampleRow(user: SampleUser, make: SampleMaker): JsonObject {
  return {
    user_id: user.id,
    name: user.name,
    email: user.email,
    phone_number: `+120255501${make.int(10, 100)}`,
    plan: plans[make.int(0, plans.length)] ?? plans[0],
    seats: make.int(1, 50),
  };
}
