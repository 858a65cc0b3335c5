import { isJsonObject, type JsonObject } from '../model/json.js';
import { nearestName } from './nearest-name.js';
import { expected, issuesBelow, type OptionIssue } from './option-issues.js';

/** What came of reading: a value in any case, so that reading goes on and finds the rest that is wrong. */
export interface Reading<Value> {
  readonly value: Value;
  readonly issues: readonly OptionIssue[];
}

/**
 * One row of a table of options: its default, and how a value of the application is read.
 *
 * @typeParam Given - what the application may write.
 * @typeParam Value - what the module works with.
 */
export interface Option<Given, Value> {
  readonly default: Value;
  /** What a number counts; names of options end in it (`…Ms`, `…Bytes`). */
  readonly unit?: Unit | undefined;
  /** The options in it, if it is an object of options. */
  readonly rows?: Rows;
  /**
   * Pure. undefined is an absent option.
   *
   * @param inherited - what holds if the option is absent or wrong: the default, or the option of the group above.
   */
  read(given: unknown, inherited: Value): Reading<Value>;
  /** Never set: it carries the type. */
  readonly given?: Given;
}

export type Rows = Readonly<Record<string, Option<unknown, unknown>>>;

export type Unit = 'milliseconds' | 'bytes';

/** The options that an application may write, of a table. JSDoc of the rows shows in editors. */
export type GivenOf<Table> = {
  readonly [Name in keyof Table]?: Table[Name] extends Option<infer Given, unknown>
    ? Given | undefined
    : never;
};

/** The options that the module works with, of a table. */
export type ValueOf<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<unknown, infer Value> ? Value : never;
};

type RowsOf<Values> = { readonly [Name in keyof Values]: Option<unknown, Values[Name]> };

/** A condition over several options of a group. */
export type Rule<Values> = (
  values: Values,
  /** Whether the application wrote the option itself, right or wrong. */
  isGiven: (name: string) => boolean,
) => readonly OptionIssue[];

/** Options that stand in one object. */
export interface Group<Values> {
  readonly rows: RowsOf<Values>;
  /** Names that people write although they are none, and what to do instead. */
  readonly hints?: Readonly<Record<string, string>>;
  readonly rules?: readonly Rule<Values>[];
}

export function defaultsOf<Values extends object>(rows: RowsOf<Values>): Values {
  const entries = Object.entries(rows as Rows).map(([name, row]) => [name, row.default]);
  return Object.freeze(Object.fromEntries(entries)) as Values;
}

/** Reads one options object whole: unknown names, then each option, then what contradicts. */
export function readGroup<Values extends object>(
  { rows, hints, rules = [] }: Group<Values>,
  given: unknown,
  inherited: Values,
): Reading<Values> {
  const source = asSource(given);
  const { value, issues } = readRows(rows, source, inherited);
  const contradictions = rules.flatMap((rule) => rule(value, isGivenIn(source)));
  return {
    value,
    issues: [...findUnknownNames(Object.keys(rows), given, hints), ...issues, ...contradictions],
  };
}

/** Reads the options of a table, and leaves the other members of the source alone. */
export function readRows<Values extends object>(
  rows: RowsOf<Values>,
  source: JsonObject,
  inherited: Values,
): Reading<Values> {
  const values: Record<string, unknown> = {};
  const issues: OptionIssue[] = [];
  for (const [name, row] of Object.entries(rows as Rows)) {
    const reading = row.read(source[name], (inherited as JsonObject)[name]);
    values[name] = reading.value;
    if (reading.issues.length > 0) issues.push(...issuesBelow(name, reading.issues));
  }
  return { value: Object.freeze(values) as Values, issues };
}

/** What is no object says nothing, and is an issue of its own. */
export function asSource(given: unknown): JsonObject {
  return isJsonObject(given) ? given : {};
}

/** Explicit undefined is as if it were absent: `config.get()` answers it. */
export function isGivenIn(source: JsonObject): (name: string) => boolean {
  return (name) => source[name] !== undefined;
}

/** A misspelt option would leave its default in force without a word. */
export function findUnknownNames(
  known: readonly string[],
  given: unknown,
  hints: Readonly<Record<string, string>> = {},
): readonly OptionIssue[] {
  if (!isJsonObject(given)) return [{ message: expected('an object', given) }];
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  return unknown.map((name) => {
    const hint = Object.hasOwn(hints, name) ? hints[name] : undefined;
    const near = nearestName(name, known);
    const advice = near === undefined ? `known are ${known.join(', ')}` : `did you mean "${near}"?`;
    return { path: name, message: hint ?? `unknown option; ${advice}` };
  });
}
