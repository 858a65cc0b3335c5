import { describeError } from '../errors/identity-error.js';
import { printableUrl } from './printable-url.js';
import { tlsRemedy } from './remedies.js';

/** Says the target, so that it can be configured if it is right. */
export function redirectMessage(from: URL, status: number, location: string | undefined): string {
  const target =
    location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (target === undefined) return `status ${String(status)} without a URL to go to`;
  const advice =
    target.origin === from.origin
      ? 'http.followRedirects follows redirects on the same origin'
      : 'another origin is never followed: if it is your provider, name it in "issuer", "discoveryUrl" or "jwksUri"';
  return `status ${String(status)}, a redirect to ${printableUrl(target.href)}; ${advice}`;
}

/** The safe ways out first. @param url - undefined for what is none. */
export function whyNotAllowed(url: URL | undefined): string {
  if (url === undefined) return 'is not a URL';
  if (url.username !== '' || url.password !== '') {
    return 'has a user name or password in it, which providers do not need';
  }
  return (
    'is not https. If a proxy in front of the provider ends TLS, set the public URL of the provider there, or name ' +
    'the https URL in "discoveryUrl" or "jwksUri"; http.allowInsecureOrigins is for tests'
  );
}

/** Names the host, because the operator has to decide about it, and the option that could allow it. */
export function privateMessage(url: string, why: string): string {
  return (
    `${printableUrl(url)} is not on the public Internet: ${why}. ` +
    'Tenants that are named at run time may not point into private networks; http.allowPrivateNetworks can allow it'
  );
}

/** What broke a connection, over TLS with what helps. */
export function describeBrokenConnection(url: string, error: unknown): string {
  const what = describeError(error);
  const remedy = /^https:/i.test(url) ? tlsRemedy(what) : undefined;
  return remedy === undefined ? what : `${what}; ${remedy}`;
}
