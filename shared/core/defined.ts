/** `Values` with its members that may be undefined made optional. */
export type Defined<Values> = string extends keyof Values
  ? { [Name in keyof Values]: Exclude<Values[Name], undefined> }
  : { [Name in keyof Values as undefined extends Values[Name] ? never : Name]: Values[Name] } & {
      [Name in keyof Values as undefined extends Values[Name] ? Name : never]?: Exclude<Values[Name], undefined>;
    };

/** The members that have a value: types with optional members distinguish absent from undefined. */
export function defined<Values extends object>(values: Values): Defined<Values> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined) kept[name] = value;
  return kept as Defined<Values>;
}
