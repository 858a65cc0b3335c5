import { describe, expect, it } from 'vitest';
import type { StepOutcome, TokenExplanation } from '../../validation/explain-token.js';
import { assessExplanation } from './explanation-text.js';

const NOW_MS = 10 * 86_400_000;

function explained(steps: readonly StepOutcome[], claims: Record<string, unknown> = {}): TokenExplanation {
  return {
    accepted: steps.length === 0,
    steps,
    content: { header: { alg: 'RS256' }, unverifiedClaims: claims },
  };
}

const claimsStep = (code: StepOutcome['code'], reason = ''): StepOutcome => ({
  step: 'claims',
  outcome: 'failed',
  kind: 'rejected',
  ...(code && { code }),
  reason,
});
const noKey: StepOutcome = { step: 'key', outcome: 'failed', code: 'keys_unavailable', kind: 'unavailable' };
const signature: StepOutcome = {
  step: 'signature',
  outcome: 'failed',
  code: 'signature_invalid',
  kind: 'rejected',
};

const say = (explanation: TokenExplanation): string => {
  const { label, rest } = assessExplanation(explanation, NOW_MS);
  return label + rest;
};

describe('the assessment of a token', () => {
  it.each<[string, TokenExplanation, string]>([
    ['nothing against it', explained([]), 'Accepted, as far as no route demands more'],
    ['a bad signature', explained([signature]), 'Rejected for its signature'],
    [
      'expired',
      explained([claimsStep('token_expired')], { exp: 9 * 86_400 }),
      'Rejected for its claims (expired 1 d ago)',
    ],
    [
      'not valid yet',
      explained([claimsStep('token_not_yet_valid')], { nbf: 10 * 86_400 + 90 }),
      'Rejected for its claims (valid in 1 min 30 s only)',
    ],
    [
      'a clock that is wrong',
      explained([claimsStep('issued_in_future')], { iat: 10 * 86_400 + 50 }),
      'Rejected for its claims (issued 50 s ahead of this server’s clock)',
    ],
    [
      'for somebody else, and tampered with',
      explained([claimsStep('audience_mismatch'), signature]),
      'Rejected for its claims (for another audience), signature',
    ],
    [
      'a claim that is missing',
      explained([claimsStep('claim_missing', 'The claim "exp" is missing.')]),
      'Rejected for its claims (the claim "exp" is missing)',
    ],
    ['keys that could not be fetched', explained([noKey]), 'Could not be decided (503), for lack of its key'],
    [
      'expired, while keys could not be fetched',
      explained([claimsStep('token_expired'), noKey], { exp: 9 * 86_400 }),
      'Rejected for its claims (expired 1 d ago), key',
    ],
    [
      'an application that is wired wrongly',
      explained([{ step: 'hooks', outcome: 'failed', code: 'sync_unavailable', kind: 'misconfigured' }]),
      'Could not be decided (500): own checks',
    ],
  ])('%s', (_name, explanation, text) => {
    expect(say(explanation)).toBe(text);
  });
});
