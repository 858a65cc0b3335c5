import { byId, find, setText } from './dom.js';

/** @import { Problem } from './http-errors.js' */

/** Characters of a Bearer token, RFC 6750 section 2.1. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * What stands before the board: it asks for a token, or says why there is nothing to see.
 *
 * @param {'token' | 'guard'} mode
 * @param {(token: string) => void} onToken
 */
export function createSignIn(mode, onToken) {
  const signIn = byId('sign-in');
  const form = find('sign-in-form', HTMLFormElement);
  const input = find('sign-in-token', HTMLInputElement);
  const problem = byId('sign-in-problem');
  const reload = find('sign-in-reload', HTMLButtonElement);
  form.hidden = mode !== 'token';
  if (mode === 'guard') setText(byId('sign-in-title'), 'Not signed in');
  reload.addEventListener('click', () => location.reload());
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const token = input.value.trim().replace(/^Bearer\s+/i, '');
    if (TOKEN.test(token)) {
      say(undefined);
      onToken(token);
    } else {
      say('That is not a token: one has no spaces and no other characters than letters, digits and -._~+/=');
      input.focus();
    }
  });

  /** @param {string | undefined} text */
  function say(text) {
    problem.hidden = text === undefined;
    setText(problem, text ?? '');
  }

  return {
    /** @param {Problem} [why] */
    open(why) {
      const wasClosed = signIn.hidden;
      signIn.hidden = false;
      reload.hidden = mode === 'token' || why?.isFinal !== true;
      say(why?.text);
      if (mode === 'token' && (wasClosed || why?.isFinal === true)) input.focus();
    },
    close() {
      signIn.hidden = true;
      input.value = '';
      say(undefined);
    },
  };
}
