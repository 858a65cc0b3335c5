import { byId, find, setText } from './dom.js';

/**
 * Asks before keys are replaced, and says what that does.
 *
 * @returns {(issuer: string) => Promise<boolean>}
 */
export function createConfirm() {
  const dialog = find('confirm', HTMLDialogElement);
  find('confirm-go', HTMLButtonElement).addEventListener('click', () => dialog.close('go'));
  find('confirm-cancel', HTMLButtonElement).addEventListener('click', () => dialog.close(''));
  return (issuer) => {
    setText(byId('confirm-issuer'), issuer);
    dialog.returnValue = '';
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener('close', () => resolve(dialog.returnValue === 'go'), { once: true });
    });
  };
}
