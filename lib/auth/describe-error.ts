import { HttpException } from '@nestjs/common';
import { describeError, IdentityError } from '../errors/identity-error.js';
import { readable } from '../errors/readable-error.js';
import { clipped, printable } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';

const MAX_REASON = 500;
/** Of the claims of one token; if there are more, the message is left out. */
const MAX_VALUES = 512;
const MAX_DEPTH = 8;

/** Whether `mapUser` rejected the user, by an exception or by null; otherwise it failed. */
export function isRejected(error: unknown): boolean {
  if (error === undefined) return true;
  if (error instanceof HttpException) return error.getStatus() < 500;
  return error instanceof IdentityError && error.kind === 'rejected';
}

/**
 * What an error of the application says, for the log: with no claim value and no token in it, though an application
 * writes such values into its messages ("no user ada").
 */
export function describeWithoutClaims(error: unknown, { claims, token }: ValidatedToken): string {
  if (error === undefined) return 'it returned no user';
  const values: string[] = [token];
  if (!collect(claims, values, 0)) return describeWithoutMessage(error);
  let text = describeError(error);
  for (const value of values.toSorted((a, b) => b.length - a.length)) text = withoutValue(text, value);
  return clipped(text, MAX_REASON);
}

/** @returns false if there are too many to look for. */
function collect(value: unknown, into: string[], depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'number') into.push(String(value));
  if (typeof value !== 'object' || value === null) return into.length <= MAX_VALUES;
  if (depth >= MAX_DEPTH) return false;
  // Names of claims may be logged; names inside of a claim are data like its values.
  if (depth > 0 && !Array.isArray(value)) into.push(...Object.keys(value));
  return Object.values(value).every((each) => collect(each, into, depth + 1));
}

function withoutValue(text: string, value: string): string {
  if (value.trim() === '') return text;
  const source = formsOf(value).map(escaped).join('|');
  // Of short values only whole words: "a" is in every message.
  const pattern = value.length < 4 ? `(?<![\\p{L}\\p{N}])(?:${source})(?![\\p{L}\\p{N}])` : source;
  return text.replaceAll(new RegExp(pattern, 'giu'), '[claim]');
}

/** A value as it may stand in a message: as it is, on one line, inside of JSON or of a URL. */
function formsOf(value: string): readonly string[] {
  const line = printable(value.replaceAll(/\s+/g, ' '));
  const forms = new Set([value, line, JSON.stringify(value).slice(1, -1)]);
  // It throws if half of a surrogate pair is missing: then no URL holds the value either.
  if (!/\p{Cs}/u.test(value)) forms.add(encodeURIComponent(value));
  return [...forms];
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** The same without the claims: the kind of the error and the line that threw it. */
export function describeWithoutMessage(error: unknown): string {
  const cause = readable(error instanceof Error && error.cause !== undefined ? error.cause : error);
  if (!(cause instanceof Error)) return 'not an Error object';
  const code: unknown = Reflect.get(cause, 'code');
  // Behind the message, which may have lines that look like it.
  const stack = cause.stack ?? '';
  const start = stack.indexOf(cause.message);
  const frames = start === -1 ? '' : stack.slice(start + cause.message.length);
  const line = /^ *at .*$/m.exec(frames)?.[0].trim();
  const parts = [cause.name, typeof code === 'string' && /^[A-Z_0-9]+$/.test(code) ? code : undefined, line];
  return clipped(parts.filter((part) => part !== undefined).join(' '), MAX_REASON);
}
