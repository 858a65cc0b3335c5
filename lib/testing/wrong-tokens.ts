import { signCompact, signingInput, signWithSecret, strangerKey, type TestKey } from './test-key.js';
import { testClaims, type TestTokenOptions, type TokenFrame } from './test-token.js';

/** What a token is made of before something is made wrong with it. */
interface Draft {
  readonly key: TestKey;
  readonly options: TestTokenOptions;
  readonly frame: TokenFrame;
}

/** Far beyond every tolerance that can be configured (600 s). */
const DAY_MS = 86_400_000;

/** Signs a draft with members of the claims and the header changed. */
const signed =
  (
    claims: (draft: Draft) => Record<string, unknown>,
    header: Record<string, unknown> = {},
  ): ((draft: Draft) => string) =>
  (draft) =>
    mint({
      ...draft,
      options: {
        ...draft.options,
        claims: { ...draft.options.claims, ...claims(draft) },
        header: { ...draft.options.header, ...header },
      },
    });

const secAfter = ({ frame }: Draft, ms: number): number => Math.floor((frame.nowMs + ms) / 1000);

/** Tokens that must be refused, by what is wrong with them. */
const WRONG = {
  expired: signed((draft) => ({ iat: secAfter(draft, -2 * DAY_MS), exp: secAfter(draft, -DAY_MS) })),
  // RFC 9068 section 2.2: `exp` is required. Without it a stolen token works for ever.
  'without expiry': signed(() => ({ exp: undefined })),
  'not yet valid': signed((draft) => ({ nbf: secAfter(draft, DAY_MS), exp: secAfter(draft, 2 * DAY_MS) })),
  'issued in the future': signed((draft) => ({
    iat: secAfter(draft, DAY_MS),
    exp: secAfter(draft, 2 * DAY_MS),
  })),
  'wrong issuer': signed(() => ({ iss: 'https://issuer.invalid' })),
  // RFC 8725 section 3.9: a token for another API of the same provider.
  'wrong audience': signed(({ frame }) => ({ [frame.audienceClaim ?? 'aud']: 'urn:audience.invalid' })),
  // OpenID Connect Core 1.0 section 3.1.3.6: `at_hash` is a claim of ID tokens.
  'id token': signed(() => ({ at_hash: 'MTIzNDU2Nzg5MDEyMzQ1Ng', nonce: 'n-0S6_WzA2Mj' }), { typ: 'JWT' }),
  // RFC 9449 section 6.1: `jkt` binds the token to a key of the client.
  'sender-constrained': signed(() => ({ cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } })),
  // OpenID Connect Back-Channel Logout 1.0 section 2.4: signed by the same keys, and no access token.
  'wrong type': signed(() => ({}), { typ: 'logout+jwt' }),
  // Makes the module ask for a new key set once; after that it knows that the key does not exist.
  'unknown kid': signed(() => ({}), { kid: 'kid-that-nobody-has' }),
  /** The claims were changed after the signature was made. */
  tampered: (draft) => {
    const [header = '', , signature = ''] = mint(draft).split('.');
    const claims = { ...testClaims(draft.options, draft.frame), sub: 'somebody-else' };
    return `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
  },
  /** Signed by a key of another party, under the id of one of the issuer's. */
  'wrong key': (draft) => mint({ ...draft, key: strangerKey(draft.key.alg, draft.key.kid) }),
  /** RFC 8725 section 2.1. */
  'alg none': (draft) =>
    `${signingInput({ ...headerOf(draft), alg: 'none' }, testClaims(draft.options, draft.frame))}.`,
  /** The public key taken for a shared secret, RFC 8725 section 2.1. */
  'alg confusion': (draft) =>
    signWithSecret(
      JSON.stringify(draft.key.jwk),
      { ...headerOf(draft), alg: 'HS256' },
      testClaims(draft.options, draft.frame),
    ),
  'not a token': () => 'not-a-token',
} satisfies Record<string, (draft: Draft) => string>;

/** What can be wrong with a token. */
export type WrongToken = keyof typeof WRONG;

/**
 * All names of {@link WrongToken}: for a test that no bad token gets in.
 *
 * @example
 * it.each(WRONG_TOKENS)('rejects %s', async (wrong) => {
 *   await expect(tokens.validate(issuer.token({ wrong }))).rejects.toThrow();
 * });
 */
export const WRONG_TOKENS = Object.freeze(Object.keys(WRONG) as WrongToken[]);

/** A token as the options say, signed with the key; wrong in one way where `wrong` says so. */
export function mint(draft: Draft, wrong?: WrongToken): string {
  if (wrong !== undefined) return WRONG[wrong](draft);
  return signCompact(draft.key, headerOf(draft), testClaims(draft.options, draft.frame));
}

function headerOf({ key, options }: Draft): Record<string, unknown> {
  return { typ: 'at+jwt', alg: key.alg, kid: key.kid, ...options.header };
}
