import type { IncomingHttpHeaders } from 'node:http';

/** A header that no form and no simple cross-origin request can carry. */
export const CSRF_HEADER = 'x-identity-dashboard';

/**
 * Why a request for data did not come from the page; undefined where nothing speaks against it. Browsers tell
 * the truth in `Sec-Fetch-Site`, other programs leave it out.
 */
export function rejectCrossSiteRead(headers: IncomingHttpHeaders): string | undefined {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none' ? undefined : 'cross_site';
  // A plain http origin sends neither with an image or a script: the page's own requests carry the mark.
  return headers[CSRF_HEADER] === '1' ? rejectCrossOrigin(headers) : 'csrf_header_missing';
}

/** The same for a request that does something: it must carry the marks of the page's own scripts. */
export function rejectCrossSiteWrite(headers: IncomingHttpHeaders): string | undefined {
  if (headers[CSRF_HEADER] !== '1') return 'csrf_header_missing';
  if (!/^application\/json[ \t]*(;|$)/i.test(headers['content-type'] ?? '')) return 'not_json';
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' ? undefined : 'cross_site';
  return rejectCrossOrigin(headers);
}

/** Browsers without that header, and those that speak to a plain http origin, send this one across origins. */
function rejectCrossOrigin({ origin, host }: IncomingHttpHeaders): string | undefined {
  if (origin === undefined) return undefined;
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase() ? undefined : 'cross_origin';
}
