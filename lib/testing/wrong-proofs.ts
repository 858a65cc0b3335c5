import { signCompact, signingInput, signWithSecret, strangerKey } from './test-key.js';
import { proofClaims, proofHeader, signProof, type ProofDraft } from './test-proof.js';

/** Beyond every age that can be configured (600 s). */
const HOUR_SEC = 3_600;

/** Signs a draft with members of the claims and the header changed. */
const signed =
  (
    claims: (draft: ProofDraft) => Record<string, unknown>,
    header: (draft: ProofDraft) => Record<string, unknown> = () => ({}),
  ): ((draft: ProofDraft) => string) =>
  (draft) =>
    signProof({
      ...draft,
      options: {
        ...draft.options,
        claims: { ...draft.options.claims, ...claims(draft) },
        header: { ...draft.options.header, ...header(draft) },
      },
    });

const without = (...names: readonly string[]): ((draft: ProofDraft) => string) =>
  signed(() => Object.fromEntries(names.map((name) => [name, undefined])));

const secAfter = ({ nowMs }: ProofDraft, seconds: number): number => Math.floor(nowMs / 1000) + seconds;

/** DPoP proofs that must be refused, by what is wrong with them: one at least for each check of RFC 9449 section 4.3. */
const WRONG = {
  // Number 1: of one header field only, with one proof in it.
  'two proofs': (draft) => `${signProof(draft)}, ${signProof(draft)}`,
  // Number 2.
  'not a proof': () => 'not-a-proof',
  'too long': signed(() => ({ padding: 'x'.repeat(4_096) })),
  // Number 3.
  'without jti': without('jti'),
  'without htm': without('htm'),
  'without htu': without('htu'),
  'without iat': without('iat'),
  'without ath': without('ath'),
  'without key': signed(
    () => ({}),
    () => ({ jwk: undefined }),
  ),
  // Number 4: another JWT that the client has signed.
  'wrong type': signed(
    () => ({}),
    () => ({ typ: 'JWT' }),
  ),
  // Number 5.
  'alg none': (draft) => `${signingInput({ ...proofHeader(draft), alg: 'none' }, proofClaims(draft))}.AA`,
  /** The public key taken for a shared secret, RFC 8725 section 2.1. */
  'alg confusion': (draft) =>
    signWithSecret(
      JSON.stringify(proofHeader(draft)['jwk']),
      { ...proofHeader(draft), alg: 'HS256' },
      proofClaims(draft),
    ),
  // Number 6: the claims were changed after the signature was made.
  tampered: (draft) => {
    const [header = '', , signature = ''] = signProof(draft).split('.');
    const claims = Buffer.from(JSON.stringify({ ...proofClaims(draft), changed: true })).toString(
      'base64url',
    );
    return `${header}.${claims}.${signature}`;
  },
  /** Signed by another party, with the key of the client in the header. */
  'stolen key': (draft) =>
    signCompact(strangerKey(draft.key.alg, 'stranger'), proofHeader(draft), proofClaims(draft)),
  // Number 7.
  'private key': signed(
    () => ({}),
    (draft) => ({ jwk: draft.key.privateKey.export({ format: 'jwk' }) }),
  ),
  // RFC 7517 section 4.2.
  'key for encryption': signed(
    () => ({}),
    (draft) => ({ jwk: { ...(proofHeader(draft)['jwk'] as object), use: 'enc' } }),
  ),
  // Number 8.
  'wrong method': signed(({ method }) => ({ htm: method === 'TRACE' ? 'GET' : 'TRACE' })),
  'method in lower case': signed(({ method }) => ({ htm: method.toLowerCase() })),
  // Number 9.
  'wrong path': signed(({ url }) => ({ htu: new URL('/elsewhere', url).href })),
  'wrong host': signed(({ url }) => ({ htu: Object.assign(new URL(url), { host: 'other.invalid' }).href })),
  'wrong scheme': signed(({ url }) => ({
    htu: url.startsWith('https:') ? url.replace('https:', 'http:') : url.replace('http:', 'https:'),
  })),
  // Number 10. Refused where the server asks for nonces; otherwise nobody looks at it.
  'unknown nonce': signed(() => ({ nonce: 'nonce-of-nobody' })),
  // Number 11.
  expired: signed((draft) => ({ iat: secAfter(draft, -HOUR_SEC) })),
  'issued in the future': signed((draft) => ({ iat: secAfter(draft, HOUR_SEC) })),
  // Number 12: made for another token, and by another key than that of the token.
  'wrong token': (draft) => signProof({ ...draft, token: `${draft.token}x` }),
  'wrong key': (draft) => signProof({ ...draft, key: strangerKey(draft.key.alg, 'stranger') }),
} satisfies Record<string, (draft: ProofDraft) => string>;

/** What can be wrong with a DPoP proof. */
export type WrongProof = keyof typeof WRONG;

/**
 * All names of {@link WrongProof}: for a test that no bad proof gets in.
 *
 * @example
 * it.each(WRONG_PROOFS)('rejects a proof with %s', async (wrong) => {
 *   const dpop = issuer.dpop('GET', 'https://api.example.com/orders', token, { wrong });
 *   await request(app).get('/orders').set({ authorization: `DPoP ${token}`, dpop }).expect(401);
 * });
 */
export const WRONG_PROOFS = Object.freeze(Object.keys(WRONG) as WrongProof[]);

/** A proof for a request; wrong in one way where `wrong` says so. */
export function makeProof(draft: ProofDraft, wrong?: WrongProof): string {
  return wrong === undefined ? signProof(draft) : WRONG[wrong](draft);
}
