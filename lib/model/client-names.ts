import type { AccessTokenClaims } from './claims.js';
import { clientIdOf } from './client-id.js';

/** Clients that no name is configured for. */
const OTHER = 'other';
/** Tokens that name no client, and calls without a token. */
export const NO_CLIENT = 'none';
const MAX_NAMES = 100;
const MAX_LENGTH = 64;

/**
 * The names under which clients are counted. A client id is a claim value, so it goes into no metric, event or page: the
 * configuration says which name stands for it there, and what it does not name is counted together. So there are as many names
 * as are configured, whatever tokens say, and they are the same in each process.
 */
export class ClientNames {
  static readonly NONE = new ClientNames(new Map());
  /** All that {@link of} may answer. */
  readonly all: readonly string[];
  readonly #names: ReadonlyMap<string, string>;

  private constructor(names: ReadonlyMap<string, string>) {
    this.#names = names;
    this.all = Object.freeze([...new Set(names.values()), OTHER, NO_CLIENT]);
    Object.freeze(this);
  }

  /** @returns what is wrong, if anything is. */
  static from(given: Readonly<Record<string, unknown>>): ClientNames | readonly string[] {
    const entries = Object.entries(given);
    const issues = entries.flatMap(([id, name]) => issueOf(id, name));
    if (entries.length > MAX_NAMES) {
      issues.push(`expected ${String(MAX_NAMES)} clients at the most, got ${String(entries.length)}`);
    }
    return issues.length > 0 ? issues : new ClientNames(new Map(entries as [string, string][]));
  }

  /** The name for the client that a token was issued to. */
  of(claims: AccessTokenClaims): string {
    const id = clientIdOf(claims);
    return id === undefined ? NO_CLIENT : (this.#names.get(id) ?? OTHER);
  }
}

function issueOf(id: string, name: unknown): string[] {
  if (id === '') return ['expected client ids, got an empty one'];
  const isName =
    typeof name === 'string' &&
    name.length <= MAX_LENGTH &&
    /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(name);
  if (!isName) {
    return [
      `expected a name of printable ASCII for each client id, ${String(MAX_LENGTH)} characters at the most`,
    ];
  }
  if (name === OTHER || name === NO_CLIENT)
    return [`'${name}' stands for clients that have no name: take another`];
  return [];
}
