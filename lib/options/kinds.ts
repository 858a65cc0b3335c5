import { parseUrl } from '../model/url-policy.js';
import type { ClaimSource } from './options.types.js';
import { expected, type OptionIssue } from './option-issues.js';
import { defaultsOf, readGroup, type Group, type Option, type Reading, type Unit } from './schema.js';

/** A value that fits, or what is wrong; both if parts of it fit. */
type Parsed<Value> = Partial<Reading<Value>> & ({ readonly value: Value } | Pick<Reading<Value>, 'issues'>);

/**
 * A kind of option.
 *
 * @param parse - what is read of a value that is not undefined.
 */
export function option<Given, Value>(
  fallback: Value,
  parse: (given: unknown, inherited: Value) => Parsed<Value>,
  unit?: Unit,
): Option<Given, Value> {
  return {
    default: fallback,
    unit,
    read(given, inherited) {
      if (given === undefined) return { value: inherited, issues: [] };
      const parsed = parse(given, inherited);
      return { value: 'value' in parsed ? parsed.value : inherited, issues: parsed.issues ?? [] };
    },
  };
}

/** An issue of the option itself. */
export function refused(message: string): { readonly issues: readonly OptionIssue[] } {
  return { issues: [{ message }] };
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** A finite number; the comparisons refuse NaN. */
export function number(fallback: number, { min, max }: Required<Range>, unit?: Unit): Option<number, number> {
  const what = `a number${unit === undefined ? '' : ` of ${unit}`} from ${String(min)} to ${String(max)}`;
  const fits = (given: unknown): given is number => typeof given === 'number' && given >= min && given <= max;
  return option(fallback, (given) => (fits(given) ? { value: given } : refused(expected(what, given))), unit);
}

/** Milliseconds. */
export function duration(
  fallback: number,
  { min = 0, max = MAX_DURATION_MS }: Range = {},
): Option<number, number> {
  return number(fallback, { min, max }, 'milliseconds');
}

/** The longest delay that a Node.js timer can hold, 24.8 days. */
const MAX_DURATION_MS = 2 ** 31 - 1;

export function count(
  fallback: number,
  { min = 1, max = Number.MAX_SAFE_INTEGER }: Range = {},
  unit?: Unit,
): Option<number, number> {
  const what = `a whole number${unit === undefined ? '' : ` of ${unit}`} from ${String(min)} to ${String(max)}`;
  const fits = (given: unknown): given is number =>
    typeof given === 'number' && Number.isInteger(given) && given >= min && given <= max;
  return option(fallback, (given) => (fits(given) ? { value: given } : refused(expected(what, given))), unit);
}

export function bytes(fallback: number, range?: Range): Option<number, number> {
  return count(fallback, range, 'bytes');
}

export function boolean(fallback: boolean): Option<boolean, boolean> {
  return option(fallback, (given) =>
    typeof given === 'boolean' ? { value: given } : refused(expected('true or false', given)),
  );
}

/**
 * A string without spaces around it.
 *
 * @param judge - says what else is wrong with it.
 */
export function text<Fallback extends string | undefined>(
  fallback: Fallback,
  judge: (given: string) => string | undefined = () => undefined,
): Option<string, Fallback | string> {
  return option<string, Fallback | string>(fallback, (given) => {
    if (typeof given !== 'string' || given.trim() === '')
      return refused(expected('a non-empty string', given));
    // Compared exactly later: a line break from a file of secrets would refuse every token.
    if (given.trim() !== given)
      return refused(expected('a string without spaces and line breaks around it', given));
    const message = judge(given);
    return message === undefined ? { value: given } : refused(message);
  });
}

/** Goes into a quoted-string of a header (RFC 9110 section 5.6.4): printable ASCII. */
export function quotable<Fallback extends string | undefined>(
  fallback: Fallback,
): Option<string, Fallback | string> {
  return text(fallback, (given) =>
    /^[\x20-\x7e]+$/.test(given) ? undefined : expected('printable ASCII', given),
  );
}

/** A non-empty list of non-empty strings. */
export function textList<Fallback extends readonly string[] | undefined>(
  fallback: Fallback,
  judge: (given: readonly string[]) => readonly OptionIssue[] = () => [],
): Option<readonly string[], Fallback | readonly string[]> {
  return option<readonly string[], Fallback | readonly string[]>(fallback, (given) => {
    if (!isStringList(given)) return refused(expected('a non-empty list of non-empty strings', given));
    return { value: Object.freeze([...new Set(given)]), issues: judge(given) };
  });
}

/**
 * Origins as `URL` writes them (RFC 6454 section 6.2), e.g. `https://keys.test:8443`.
 *
 * @param what - the origins, for the message.
 */
export function originList(
  protocols: readonly string[],
  what: string,
): Option<readonly string[], readonly string[]> {
  const isOrigin = (item: unknown): item is string => {
    const url = typeof item === 'string' ? parseUrl(item) : undefined;
    return url !== undefined && protocols.includes(url.protocol) && url.origin === item;
  };
  return option<readonly string[], readonly string[]>(Object.freeze([]), (given) =>
    Array.isArray(given) && given.every(isOrigin)
      ? { value: Object.freeze([...given]) }
      : refused(expected(`a list of ${what} (no path)`, given)),
  );
}

export function oneOf<const Name extends string>(
  fallback: NoInfer<Name>,
  names: readonly Name[],
): Option<Name, Name> {
  return option<Name, Name>(fallback, (given) => {
    const found = names.find((name) => name === given);
    if (found !== undefined) return { value: found };
    return refused(expected(names.map((name) => `'${name}'`).join(' or '), given));
  });
}

/** Arguments and result of a function cannot be checked before it is called: the row names its type. */
export function callback<Fn extends (...args: never[]) => unknown>(): Option<Fn, Fn | undefined> {
  return option<Fn, Fn | undefined>(undefined, (given) =>
    typeof given === 'function' ? { value: given as Fn } : refused(expected('a function', given)),
  );
}

/** A claim's name, a path of member names, or a function over the claims. */
export function claimSource(): Option<ClaimSource, ClaimSource | undefined> {
  return option<ClaimSource, ClaimSource | undefined>(undefined, (given) => {
    if (typeof given === 'string' && given !== '') return { value: given };
    if (typeof given === 'function') return { value: given as ClaimSource };
    if (Array.isArray(given) && given.length > 0 && given.every((step) => typeof step === 'string')) {
      return { value: Object.freeze([...given]) };
    }
    return refused(expected('the name of a claim, a path of names, or a function of the claims', given));
  });
}

/**
 * Options in an object of their own. What the application may write is named, so that editors show a name.
 *
 * @example
 * cache: nested<CacheOptions>()(CACHE_GROUP)
 */
export function nested<Given>(): <Values extends object>(group: Group<Values>) => Option<Given, Values> {
  return <Values extends object>(group: Group<Values>) => ({
    ...option<Given, Values>(defaultsOf(group.rows), (given, inherited) =>
      readGroup(group, given, inherited),
    ),
    rows: group.rows,
  });
}

/** Options in an object of their own; `false` switches off what they are about: then they are undefined. */
export function nestedOrOff<Given>(): <Values extends object>(
  group: Group<Values>,
) => Option<Given | false, Values | undefined> {
  return <Values extends object>(group: Group<Values>) => ({
    ...option<Given | false, Values | undefined>(defaultsOf(group.rows), (given, inherited) =>
      given === false ? { value: undefined } : readGroup(group, given, inherited ?? defaultsOf(group.rows)),
    ),
    rows: group.rows,
  });
}

/** Options whose object, even an empty one, switches something on; without it they are undefined. */
export function optionalGroup<Given>(): <Values extends object>(
  group: Group<Values>,
) => Option<Given, Values | undefined> {
  return <Values extends object>(group: Group<Values>) => ({
    ...option<Given, Values | undefined>(undefined, (given) =>
      readGroup(group, given, defaultsOf(group.rows)),
    ),
    rows: group.rows,
  });
}

export function isStringList(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => typeof item === 'string' && item.trim() !== '')
  );
}
