/**
 * The built-in source of everything that the REST API was asked to do. Its rows are in the same logs
 * as those of events, under the same kind of id, so no file may take its key.
 */
export const apiSource = 'api';
