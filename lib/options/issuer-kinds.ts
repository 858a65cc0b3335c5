import { findAlgorithm, isVerifiableHere, SIGNATURE_ALGORITHMS, withAliases } from '../model/algorithms.js';
import { deepFreeze, isJsonObject, type JsonObject } from '../model/json.js';
import { isStringList, option, refused, text, textList } from './kinds.js';
import { issuerOfMetadataUrl } from './metadata-url.js';
import { expected, type OptionIssue } from './option-issues.js';
import type { ValidateHook } from './options.types.js';
import type { Option } from './schema.js';

type GivenAudience = string | readonly string[] | null;

/** undefined if nothing names an audience: an issuer without one stops the start. */
export function audience(): Option<GivenAudience, readonly string[] | null | undefined> {
  return option<GivenAudience, readonly string[] | null | undefined>(undefined, (given) => {
    if (given === null) return { value: null };
    const names: unknown = typeof given === 'string' ? [given] : given;
    if (!isStringList(names)) {
      return refused(expected('a non-empty string, a non-empty list of them, or null', given));
    }
    if (names.some((name) => name.trim() !== name)) {
      return refused(expected('names without spaces and line breaks around them', given));
    }
    return { value: Object.freeze([...new Set(names)]) };
  });
}

/** An allow-list of JWS algorithms; both names of Ed25519 (RFC 9864 section 2.2) stand for each other. */
export function algorithms(): Option<readonly string[], readonly string[]> {
  const verifiable = SIGNATURE_ALGORITHMS.filter(isVerifiableHere).map((row) => row.name);
  const list = textList(Object.freeze(verifiable), (given) =>
    given.flatMap((name): OptionIssue[] => {
      const issue = findAlgorithmIssue(name);
      return issue === undefined ? [] : [{ message: `'${name}' ${issue}` }];
    }),
  );
  return option<readonly string[], readonly string[]>(list.default, (given, inherited) => {
    const { value, issues } = list.read(given, inherited);
    return { value: Object.freeze(withAliases(value)), issues };
  });
}

function findAlgorithmIssue(name: string): string | undefined {
  const row = findAlgorithm(name);
  if (row !== undefined) {
    if (isVerifiableHere(row)) return undefined;
    return `cannot be verified by Node.js ${process.version}; leave it out`;
  }
  // A key set holds public keys: with a symmetric algorithm whoever reads it could sign (RFC 8725 section 2.1).
  return name === 'none' || /^HS\d/.test(name)
    ? 'is not allowed: an access token must be signed with an asymmetric key'
    : `is not known; known are ${SIGNATURE_ALGORITHMS.map((known) => known.name).join(', ')}`;
}

/** Checks add up: that of an issuer runs after the one at the top. */
export function validateHook(): Option<ValidateHook, readonly ValidateHook[]> {
  return option<ValidateHook, readonly ValidateHook[]>(Object.freeze([]), (given, inherited) =>
    typeof given === 'function'
      ? { value: Object.freeze([...inherited, given as ValidateHook]) }
      : refused(expected('a function', given)),
  );
}

export function metadataIssuer(): Option<string, string | undefined> {
  return text(undefined, (given) => {
    const named = issuerOfMetadataUrl(given);
    if (named === undefined) return undefined;
    return `is the URL of a metadata document; expected its "issuer", probably '${named}'`;
  });
}

export function keySetUrl(): Option<string, string | undefined> {
  return text(undefined, (given) =>
    issuerOfMetadataUrl(given) === undefined
      ? undefined
      : 'is the URL of a metadata document, not of a key set; name it "discoveryUrl"',
  );
}

/** A JWK Set (RFC 7517 section 5), copied: the application may change its own later. */
export function keySet(): Option<JsonObject, JsonObject | undefined> {
  return option<JsonObject, JsonObject | undefined>(undefined, (given) => {
    const value = copyJson(given);
    if (isJsonObject(value) && Array.isArray(value['keys']) && value['keys'].length > 0) {
      return { value: deepFreeze(value) };
    }
    return refused(
      'expected a JWK Set, { keys: [ … ] }, with at least one key; cache settings of key sets are options of the module',
    );
  });
}

/** What JSON can say of a value; undefined if it cannot. */
function copyJson(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value)) as unknown;
  } catch {
    return undefined;
  }
}
