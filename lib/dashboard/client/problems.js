// What an answer other than 200 means, in words. Pure.

/**
 * `isFinal`: trying again unchanged is useless, somebody has to sign in anew.
 *
 * @typedef {{ readonly text: string, readonly isFinal: boolean }} Problem
 */

/**
 * @typedef {object} Refusal
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
 * @param {Refusal} refusal
 * @param {'token' | 'guard'} mode
 * @returns {Problem}
 */
export function describeRefusal({ status, code, challenge }, mode) {
  if (code === 'cross_site' || code === 'cross_origin') {
    return {
      text: 'The server takes this page for one of another site. Open it by its own address.',
      isFinal: true,
    };
  }
  switch (status) {
    case 400:
    case 401:
      return { text: mode === 'token' ? describeToken(challenge) : OVER.guard.text, isFinal: true };
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

const FULL = 'As many of these pages are open as the server allows. This one goes on asking for its turn.';
const UNDECIDED = {
  token:
    'The server cannot check your token now: the keys of its issuer cannot be had. The provider is probably down. This page goes on asking.',
  guard: 'The server cannot serve this page now. This page goes on asking.',
};

/** @param {string} challenge */
function describeToken(challenge) {
  return /error_description="[^"]*expired/.test(challenge)
    ? OVER.token.text
    : 'The token was refused. It is damaged, or not an access token of an issuer and for an audience that this API accepts.';
}

/** @param {string} challenge */
function describeScope(challenge) {
  const scope = /scope="([^"]+)"/.exec(challenge)?.[1];
  return scope === undefined
    ? 'The token is good, but lacks a right that this page demands.'
    : `The token is good, but lacks a scope that this page demands: ${scope}.`;
}
