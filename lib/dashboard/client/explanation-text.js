// What an explained token means, in words. Pure.

import { formatSpan } from './format.js';

/** @import { TokenExplanation } from '../../validation/explain-token.js' */
/** @typedef {TokenExplanation['steps'][number]} Step */
/** @typedef {Readonly<Record<string, unknown>>} Claims */

/** @type {Readonly<Record<Step['step'], { readonly name: string, readonly says: string }>>} */
export const STEPS = {
  form: { name: 'Form', says: 'three parts, JSON inside, not too long' },
  issuer: { name: 'Issuer', says: '“iss” names an issuer of this application' },
  algorithm: { name: 'Algorithm', says: '“alg” is on the allow-list' },
  type: { name: 'Type', says: 'an access token, not an ID or refresh token' },
  claims: { name: 'Claims', says: 'times, audience and required claims' },
  key: { name: 'Key', says: 'the issuer has a key that fits' },
  signature: { name: 'Signature', says: 'that key verifies it' },
  hooks: { name: 'Own checks', says: '“validate” of the application' },
};

/**
 * The first step that failed decides, as it does for a request: an expired token is rejected although its key cannot
 * be fetched.
 *
 * @param {TokenExplanation} explanation
 * @param {number} nowMs
 * @returns {{ readonly level: 'ok' | 'warn' | 'bad', readonly label: string, readonly rest: string }}
 */
export function assessExplanation({ accepted, steps, content }, nowMs) {
  if (accepted) return { level: 'ok', label: 'Accepted', rest: ', as far as no route demands more' };
  const failed = steps.filter(({ outcome }) => outcome === 'failed');
  const names = failed.map((step) => {
    const name = STEPS[step.step].name.toLowerCase();
    const fault = step.step === 'claims' ? claimFault(step, content?.unverifiedClaims ?? {}, nowMs) : '';
    return fault === '' ? name : `${name} (${fault})`;
  });
  const [first] = failed;
  if (first !== undefined && !isRejected(first)) {
    return first.kind === 'unavailable'
      ? { level: 'warn', label: 'Could not be decided (503)', rest: `, for lack of its ${names.join(', ')}` }
      : { level: 'warn', label: 'Could not be decided (500)', rest: `: ${names.join(', ')}` };
  }
  return { level: 'bad', label: 'Rejected', rest: ` for its ${names.join(', ')}` };
}

/**
 * Whether the token is at fault, not the provider or the application.
 *
 * @param {Step} step - that failed.
 */
export function isRejected({ kind }) {
  return kind === 'rejected';
}

/**
 * @param {Step} step
 * @param {Claims} claims
 * @param {number} nowMs
 * @returns {string}
 */
function claimFault({ code, reason = '' }, { exp, nbf, iat }, nowMs) {
  const farFrom = (/** @type {unknown} */ sec) =>
    typeof sec === 'number' ? formatSpan(Math.abs(sec * 1_000 - nowMs)) : '';
  if (code === 'token_expired') return `expired ${farFrom(exp)} ago`;
  if (code === 'token_not_yet_valid') return `valid in ${farFrom(nbf)} only`;
  if (code === 'issued_in_future') return `issued ${farFrom(iat)} ahead of this server’s clock`;
  if (code === 'audience_mismatch') return 'for another audience';
  return lowerFirst(reason.replace(/\.$/, ''));
}

/** @param {string} text */
function lowerFirst(text) {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
