import { printable } from '../model/printable.js';
import { parseUrl } from '../model/url-policy.js';

const MAX_LENGTH = 200;

/**
 * A URL for messages, bounded and without what may be a secret or steer a terminal: no credentials, no query, no
 * fragment.
 */
export function printableUrl(text: string): string {
  const url = parseUrl(text);
  const plain = url === undefined || url.origin === 'null' ? text : `${url.origin}${url.pathname}`;
  const shown = /^[^?#]*/.exec(plain)?.[0] ?? '';
  return printable(shown.replace(/\/\/[^/@]*@/, '//'))
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, MAX_LENGTH);
}
