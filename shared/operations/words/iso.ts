export const iso = (timeMs: number): string => new Date(timeMs).toISOString();

export const isoOrNull = (timeMs: number | undefined) => (timeMs === undefined ? null : iso(timeMs));
