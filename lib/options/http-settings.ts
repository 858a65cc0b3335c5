import type { HttpValues } from './http-options.js';
import type { ProxyRules } from './http-kinds.js';

/** How a provider is spoken to: the options `http`, completed by the environment. */
export interface HttpSettings extends Omit<HttpValues, 'proxy'> {
  /** Certificate authorities of the environment, PEM; in addition to those that Node.js trusts. */
  readonly authorities: readonly string[];
  /** undefined if no request goes through a proxy. */
  readonly proxies: ProxyRules | undefined;
}

/** Whether there is a certificate to be shown. */
export function hasClientCertificate({ tls: options }: Pick<HttpSettings, 'tls'>): boolean {
  return options?.cert !== undefined || options?.pfx !== undefined;
}
