import { IdentityError, refuse } from '../errors/identity-error.js';
import type { TokenHeader } from '../model/token.js';
import type { UnverifiedToken } from '../tokens/parse-token.js';
import { refuseKey } from '../tokens/refuse-key.js';
import type { PreparedKey } from '../tokens/verify-signature.js';
import type { AskStore, KeyWait, KnownIssuer, LookUpCounter } from './run-context.js';

/**
 * A step cannot finish now. Its driver decides: it begins the wait, or declines it for a caller that cannot wait. Until
 * one of the two is called the provider is asked for nothing.
 */
export interface Wait {
  /** Resolves when the step is done, or to what it has to wait for next. */
  begin(): Promise<Wait | undefined>;
  /** Asks in the background if that helps the next call. @returns the error for a caller that cannot wait. */
  decline(): IdentityError;
  /** What is known of the token without the wait; absent if nothing is. */
  known?(): IdentityError;
  /** Whether it waits for the network: a batch goes on with other tokens meanwhile. */
  readonly onNetwork: boolean;
}

/** For the application's answer who a tenant is. */
export function waitForIssuer(
  issuer: Promise<KnownIssuer | undefined>,
  use: (issuer: KnownIssuer | undefined) => undefined,
): Wait {
  return {
    onNetwork: true,
    begin: async () => use(await issuer),
    decline: () => {
      issuer.catch(() => undefined);
      return refuse(
        'keys_cold',
        'The function "issuers" is being asked for the issuer of the token; validateSync does not wait.',
      );
    },
  };
}

/** For the first key set of an issuer, or for a key that it does not have yet. */
export function waitForKeys(
  { keys, options }: KnownIssuer,
  header: TokenHeader,
  lookUps: LookUpCounter,
  keyWait: () => KeyWait,
  use: (candidates: readonly PreparedKey[]) => void,
): Wait {
  return {
    onNetwork: true,
    begin: async () => {
      lookUps.recordMiss();
      use(await keys.waitForCandidates(header, keyWait()));
      return undefined;
    },
    decline: () => {
      lookUps.recordMiss();
      const message = `The keys of ${options.issuer} are not at hand, and validateSync does not wait: warm up, or use validate.`;
      return refuse('keys_cold', message, { retryAfterMs: keys.requestCandidates(header) });
    },
  };
}

/** For libuv's thread pool. @param doubt - what to wait for next if no key verifies the signature. */
export function waitForThreadPool(
  check: () => Promise<PreparedKey | undefined>,
  doubt: () => Wait,
  use: (key: PreparedKey) => void,
): Wait {
  return {
    onNetwork: false,
    begin: async () => {
      const key = await check();
      if (key === undefined) return doubt();
      use(key);
      return undefined;
    },
    decline: () => doubt().decline(),
  };
}

/**
 * Providers do put a new key under an old id: until a refresh has shown that this one did not, the signature is not known
 * to be bad.
 */
export function waitForReplacedKey(
  { keys, options }: KnownIssuer,
  parsed: UnverifiedToken,
  tried: readonly PreparedKey[],
  keyWait: () => KeyWait,
  use: (key: PreparedKey) => void,
): Wait {
  return {
    onNetwork: true,
    begin: async () => {
      const key = await keys.findReplacedKey(parsed, tried, keyWait());
      if (key === undefined) throw refuseKey('signature_invalid', options);
      use(key);
      return undefined;
    },
    decline: () => {
      const retryAfterMs = keys.requestReplacedKey(parsed);
      if (retryAfterMs === undefined) return refuseKey('signature_invalid', options);
      return refuse(
        'keys_cold',
        'The signature fails under the key that is known; the keys are being fetched, to see if it was replaced.',
        { retryAfterMs },
      );
    },
    known: () => refuseKey('signature_invalid', options),
  };
}

/** For an own check of the application that answers with a promise. */
export function waitForHooks(later: Promise<void>): Wait {
  return {
    onNetwork: false,
    begin: async () => {
      await later;
      return undefined;
    },
    decline: () => {
      later.catch(() => undefined);
      return new IdentityError('sync_unavailable');
    },
  };
}

/** For the store that knows which proofs were used. Declined, the proof is not used. */
export function waitForSender(askStore: AskStore): Wait {
  return {
    onNetwork: true,
    begin: async () => {
      await askStore();
      return undefined;
    },
    decline: () =>
      new IdentityError(
        'sync_unavailable',
        'Whether a proof was used before is asked of the option "store", and validateSync does not wait: use validate.',
      ),
  };
}
