import type { IssuerOptions } from '../options/issuer-options.js';
import type { IdentityModuleOptions } from '../options/module-options.js';

/** Changes each issuer of the module's options, wherever it stands: alone, in a list, or behind a function. */
export function rewriteIssuers(
  options: IdentityModuleOptions,
  change: (issuer: IssuerOptions) => IssuerOptions,
): IdentityModuleOptions {
  const { issuer, issuers, metadataIssuer, discoveryUrl, jwksUri, ...rest } = options;
  if (typeof issuers === 'function') {
    return {
      ...options,
      issuers: async (unverifiedIssuer) => {
        const found = await issuers(unverifiedIssuer);
        return found && change(found);
      },
    };
  }
  if (Array.isArray(issuers)) return { ...options, issuers: (issuers as IssuerOptions[]).map(change) };
  // What is wrong with the options is told as ever.
  if (typeof issuer !== 'string') return options;
  return { ...rest, issuers: [change({ issuer, metadataIssuer, discoveryUrl, jwksUri })] };
}

/** The first algorithm that options allow; undefined where they leave it open. */
export function firstAlgorithm(options: IdentityModuleOptions): string | undefined {
  const [first] = issuersOf(options);
  return (first?.algorithms ?? options.algorithms)?.[0];
}

/** Issuers that the options name. */
export function issuersOf(options: IdentityModuleOptions): readonly IssuerOptions[] {
  const { issuer, issuers } = options;
  if (Array.isArray(issuers)) return issuers as IssuerOptions[];
  return typeof issuer === 'string' ? [{ issuer }] : [];
}

export function firstAudience(audience: IssuerOptions['audience']): string | undefined {
  return typeof audience === 'string' ? audience : audience?.[0];
}

/** `typ` of tokens that an application accepts, RFC 9068's where it may be; undefined for none. */
export function firstTokenType(types: readonly (string | null)[]): string | undefined {
  return types.includes('at+jwt') ? 'at+jwt' : (types[0] ?? undefined);
}
