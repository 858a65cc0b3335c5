import { hasClientCertificate, type HttpSettings } from './http-settings.js';
import { parseUrl } from '../model/url-policy.js';
import { HTTP_GROUP, type HttpOptions, type HttpValues } from './http-options.js';
import { option } from './kinds.js';
import type { HttpEnvironment } from './read-environment.js';
import { defaultsOf, readGroup, type Option } from './schema.js';

/** `http` of the module or of one issuer, whose members stand in front of those of the module. */
export function httpSettings(): Option<HttpOptions, HttpSettings> {
  const fallback = toSettings(defaultsOf(HTTP_GROUP.rows), Object.freeze([]));
  const row = option<HttpOptions, HttpSettings>(fallback, (given, inherited) => {
    const { proxies, authorities, ...values } = inherited;
    const { value, issues } = readGroup<HttpValues>(HTTP_GROUP, given, { ...values, proxy: proxies });
    return { value: toSettings(value, authorities), issues };
  });
  return { ...row, rows: HTTP_GROUP.rows };
}

function toSettings({ proxy, ...values }: HttpValues, authorities: readonly string[]): HttpSettings {
  const proxies = values.dispatcher === undefined ? proxy : undefined;
  return Object.freeze({ ...values, authorities, proxies });
}

/**
 * The settings before any option was read.
 *
 * @param allowPrivateNetworks - false if issuers are named at run time, so that whoever names them cannot make us
 *   speak to services of our own network.
 */
export function defaultHttp(environment: HttpEnvironment, allowPrivateNetworks: boolean): HttpSettings {
  const defaults = defaultsOf(HTTP_GROUP.rows);
  const { timeoutMs = defaults.timeoutMs, authorities, proxies } = environment;
  return toSettings({ ...defaults, timeoutMs, allowPrivateNetworks, proxy: proxies }, authorities);
}

/**
 * The settings of one issuer: headers and client certificate go to its own origins, and to those that the options
 * list. The `jwks_uri` of a document is not among them, because the provider chose it.
 *
 * @param urls - of the issuer's configuration.
 * @returns the same object if there are no credentials, so that issuers share connections.
 */
export function bindCredentials(http: HttpSettings, urls: readonly (string | undefined)[]): HttpSettings {
  const hasHeaders = typeof http.headers === 'function' || Object.keys(http.headers).length > 0;
  if (!hasHeaders && !hasClientCertificate(http)) return http;
  const origins = urls.flatMap((url) => {
    const origin = url === undefined ? undefined : parseUrl(url)?.origin;
    return origin === undefined || origin === 'null' ? [] : [origin];
  });
  const credentialOrigins = Object.freeze([...new Set([...http.credentialOrigins, ...origins])]);
  return Object.freeze({ ...http, credentialOrigins });
}
