import * as z from 'zod';

/** A field of a user or object: left out or blank keeps what is stored, null empties it. */
export const TextField = z.string().nullable().optional();

/** Preference sets, or channel data: merged. */
export const JsonMapBody = z.record(z.string(), z.unknown()).nullable().optional();
