import { inspect } from 'node:util';
import { IdentityError } from '../errors/identity-error.js';
import { isJsonObject } from '../model/json.js';
import { nearestName } from './nearest-name.js';

/** Collects what is wrong, so that one start shows all of it. */
export class Problems {
  private readonly lines: string[] = [];
  private readonly notes: string[] = [];

  add(path: string, problem: string): void {
    this.lines.push(`${path}: ${problem}`);
  }

  /** Something that the start need not stop for; for the log. */
  warn(line: string): void {
    this.notes.push(line);
  }

  get warnings(): readonly string[] {
    return this.notes;
  }

  /** @throws {IdentityError} `options_invalid`, where anything was added. */
  throwIfAny(): void {
    if (this.lines.length === 0) return;
    const list = this.lines.map((line) => `\n  - ${line}`).join('');
    throw new IdentityError('options_invalid', `The options of IdentityModule are wrong:${list}`);
  }
}

interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
  readonly unit?: string;
}

/**
 * Reads the members of one options object. What is absent or undefined becomes the fallback; what is
 * wrong becomes a problem and the fallback too, so that reading goes on and finds the rest.
 */
export class OptionReader {
  private readonly source: Readonly<Record<string, unknown>>;

  constructor(
    source: unknown,
    readonly path: string,
    private readonly problems: Problems,
    known: readonly string[],
    private readonly hints: Readonly<Record<string, string>> = {},
  ) {
    if (source === undefined) {
      this.source = {};
    } else if (isJsonObject(source)) {
      this.source = source;
      this.refuseUnknown(known);
    } else {
      this.source = {};
      problems.add(path === '' ? 'options' : path, `expected an object, got ${show(source)}`);
    }
  }

  has(name: string): boolean {
    return this.source[name] !== undefined;
  }

  raw(name: string): unknown {
    return this.source[name];
  }

  problem(name: string, text: string): void {
    this.problems.add(this.pathOf(name), text);
  }

  /** A reader of a nested options object. */
  nested(name: string, known: readonly string[], hints?: Readonly<Record<string, string>>): OptionReader {
    return new OptionReader(this.source[name], this.pathOf(name), this.problems, known, hints);
  }

  number(name: string, fallback: number, rule: NumberRule): number {
    const value = this.source[name];
    if (value === undefined) return fallback;
    const fits = typeof value === 'number' && value >= rule.min && value <= rule.max;
    if (fits && (rule.integer !== true || Number.isInteger(value))) return value;
    const kind = rule.integer === true ? 'a whole number' : 'a number';
    const unit = rule.unit === undefined ? '' : ` of ${rule.unit}`;
    this.wrong(name, `${kind}${unit} from ${String(rule.min)} to ${String(rule.max)}`);
    return fallback;
  }

  /** Milliseconds. */
  duration(name: string, fallback: number, min = 0): number {
    return this.number(name, fallback, { min, max: MAX_DURATION_MS, unit: 'milliseconds' });
  }

  count(name: string, fallback: number, min = 1): number {
    return this.number(name, fallback, { min, max: Number.MAX_SAFE_INTEGER, integer: true });
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.source[name];
    if (value === undefined) return fallback;
    if (typeof value === 'boolean') return value;
    this.wrong(name, 'true or false');
    return fallback;
  }

  string(name: string): string | undefined {
    const value = this.source[name];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value.trim() !== '') {
      // Compared to the letter later: a line break from a file of secrets would refuse every token.
      if (value.trim() === value) return value;
      this.wrong(name, 'a string without spaces and line breaks around it');
      return undefined;
    }
    this.wrong(name, 'a non-empty string');
    return undefined;
  }

  oneOf<const T extends string>(name: string, fallback: T, allowed: readonly T[]): T {
    const value = this.source[name];
    if (value === undefined) return fallback;
    const found = allowed.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    this.wrong(name, allowed.map((candidate) => `'${candidate}'`).join(' or '));
    return fallback;
  }

  /** A non-empty list of non-empty strings. */
  strings(name: string): readonly string[] | undefined {
    const value = this.source[name];
    if (value === undefined) return undefined;
    if (isStringList(value)) return [...new Set(value)];
    this.wrong(name, 'a non-empty list of non-empty strings');
    return undefined;
  }

  /** Arguments and result of a function cannot be checked before it is called: the caller names its type. */
  function(name: string): ((...args: never[]) => unknown) | undefined {
    const value = this.source[name];
    if (value === undefined) return undefined;
    if (typeof value === 'function') return value as (...args: never[]) => unknown;
    this.wrong(name, 'a function');
    return undefined;
  }

  wrong(name: string, expected: string): void {
    this.problem(name, `expected ${expected}, got ${show(this.source[name])}`);
  }

  private pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  private refuseUnknown(known: readonly string[]): void {
    for (const name of Object.keys(this.source)) {
      if (known.includes(name)) continue;
      const hint = Object.hasOwn(this.hints, name) ? this.hints[name] : undefined;
      const near = nearestName(name, known);
      const advice = near === undefined ? `known are ${known.join(', ')}` : `did you mean "${near}"?`;
      this.problem(name, hint ?? `unknown option; ${advice}`);
    }
  }
}

/** The longest delay that a Node.js timer can hold, 24.8 days. */
const MAX_DURATION_MS = 2 ** 31 - 1;

export function isStringList(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => typeof item === 'string' && item.trim() !== '')
  );
}

/** A value in a message. Strings are not shown in full: an option may hold a secret. */
function show(value: unknown): string {
  if (typeof value === 'string') return value === '' ? "''" : inspect(value.slice(0, 60));
  return inspect(value, { depth: 0, breakLength: Infinity }).slice(0, 60);
}
