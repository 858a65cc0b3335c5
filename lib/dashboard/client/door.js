import { byId, find, setText } from './dom.js';

/** @import { Problem } from './problems.js' */

/** Characters of a Bearer token, RFC 6750 section 2.1. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * What stands before the board: it asks for a token, or says why there is nothing to see.
 *
 * @param {'token' | 'guard'} mode
 * @param {(token: string) => void} onToken
 */
export function createDoor(mode, onToken) {
  const door = byId('door');
  const form = find('door-form', HTMLFormElement);
  const input = find('door-token', HTMLInputElement);
  const problem = byId('door-problem');
  const reload = find('door-reload', HTMLButtonElement);
  form.hidden = mode !== 'token';
  if (mode === 'guard') setText(byId('door-title'), 'Not signed in');
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
      const wasClosed = door.hidden;
      door.hidden = false;
      reload.hidden = mode === 'token' || why?.isFinal !== true;
      say(why?.text);
      if (mode === 'token' && (wasClosed || why?.isFinal === true)) input.focus();
    },
    close() {
      door.hidden = true;
      input.value = '';
      say(undefined);
    },
  };
}
