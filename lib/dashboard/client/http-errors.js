// What an answer other than 200 means, in words. Pure.

/**
 * `isFinal`: trying again unchanged is useless, the user has to sign in again. `isRejection`: the token is no good, and
 * not for its age.
 *
 * @typedef {{ readonly text: string, readonly isFinal: boolean, readonly isRejection?: boolean }} Problem
 */

/**
 * The last press of "Replace keys". `denied`: the guard denied it; `lost`: no response came.
 *
 * @typedef {{ readonly issuer: string, readonly at: string, readonly outcome: 'done' | 'failed' | 'denied' | 'lost' }} Replacement
 */

/**
 * @typedef {object} Rejection
 * @property {number} status
 * @property {string | undefined} code - of the body, where it has one.
 * @property {string} challenge - `WWW-Authenticate`, RFC 6750 section 3; empty where there is none.
 */

/** @type {Problem} */
export const UNREACHABLE = { text: 'The server cannot be reached.', isFinal: false };

/** @type {Readonly<Record<'token' | 'guard', Problem>>} */
export const OVER = {
  token: { text: 'Your token has expired. Paste a new one.', isFinal: true },
  guard: { text: 'Your session is over. Sign in again, then reload this page.', isFinal: true },
};

/**
 * @param {Rejection} rejection
 * @param {'token' | 'guard'} mode
 * @returns {Problem}
 */
export function describeHttpError({ status, code, challenge }, mode) {
  if (code === 'cross_site' || code === 'cross_origin') {
    return {
      text: 'The server takes this page for one of another site. Open it by its own address.',
      isFinal: true,
    };
  }
  switch (status) {
    case 400:
    case 401:
      return mode === 'token' ? describeToken(challenge) : OVER.guard;
    case 403:
      return {
        text: mode === 'token' ? describeScope(challenge) : 'You are signed in, but may not see this page.',
        isFinal: true,
      };
    case 503:
      return { text: code === 'too_many_streams' ? FULL : UNDECIDED[mode], isFinal: false };
    default:
      return { text: `The server answered with status ${status}.`, isFinal: false };
  }
}

const FULL = 'As many of these pages are open as the server allows. This one keeps asking for its turn.';
const UNDECIDED = {
  token:
    'The server cannot check your token now: the keys of its issuer could not be fetched. The provider is probably down. This page tries again.',
  guard: 'The server cannot serve this page now. This page tries again.',
};

/**
 * @param {string} challenge
 * @returns {Problem}
 */
function describeToken(challenge) {
  if (/error_description="[^"]*expired/.test(challenge)) return OVER.token;
  return {
    text: 'The token was rejected. It is damaged, not an access token of an issuer and for an audience that this API accepts, or the key that signed it was withdrawn.',
    isFinal: true,
    isRejection: true,
  };
}

/**
 * Why somebody who was inside is outside, which may be their own doing.
 *
 * @param {Problem} problem
 * @param {{ readonly wasInside: boolean, readonly replacement: Replacement | undefined }} before
 * @returns {Problem}
 */
export function describeLoss(problem, { wasInside, replacement }) {
  if (problem.isRejection !== true || (!wasInside && replacement === undefined)) return problem;
  const why = wasInside
    ? 'Your token was accepted until now, and is rejected: the key that signed it may have been withdrawn. Get a new one and paste it.'
    : problem.text;
  return { ...problem, text: `${why} ${describeReplacement(replacement)}` };
}

/** @param {Replacement | undefined} replacement */
function describeReplacement(replacement) {
  if (replacement === undefined) return 'This page replaced no keys.';
  const { issuer, at, outcome } = replacement;
  switch (outcome) {
    case 'done':
      return `The keys of ${issuer} were replaced at ${at}.`;
    case 'failed':
      return `The keys of ${issuer} were not replaced: the attempt at ${at} failed.`;
    case 'denied':
      return `The keys of ${issuer} were not replaced: the request of ${at} was denied before it did anything.`;
    case 'lost':
      return `Whether the keys of ${issuer} were replaced at ${at} is not known: no answer came.`;
  }
}

/** @param {string} challenge */
function describeScope(challenge) {
  const scope = /scope="([^"]+)"/.exec(challenge)?.[1];
  return scope === undefined
    ? 'The token is good, but lacks a right that this page demands, or is not of an issuer that may see it.'
    : `The token is good, but lacks a scope that this page demands: ${scope}.`;
}
