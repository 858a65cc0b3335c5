import type { TestingModuleBuilder } from '@nestjs/testing';
import { IdentityError } from '../errors/identity-error.js';
import { MODULE_OPTIONS_TOKEN } from '../identity.module-definition.js';
import type { IdentityModuleOptions, IssuerOptions } from '../options/options.types.js';
import { resolveOptions } from '../options/resolve-options.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import {
  firstAlgorithm,
  firstAudience,
  firstTokenType,
  issuersOf,
  rewriteIssuers,
} from './rewrite-options.js';
import { isWebAddress } from './provider-answer.js';
import type { TestIssuer } from './test-issuer.js';

/**
 * Lets the application under test meet this issuer instead of its real one. Nothing else of its options changes but where
 * metadata and keys come from, and nothing of the validation: tokens are verified as ever.
 *
 * An issuer in memory takes the name of the application's; one on loopback gives the application its own.
 *
 * @throws {IdentityError} `options_invalid` at `compile()`, where several issuers are configured and this one,
 * on loopback, can't stand for them.
 */
export function withIssuer(builder: TestingModuleBuilder, issuer: TestIssuer): TestingModuleBuilder {
  return builder.overrideProvider(RESOLVED_OPTIONS).useFactory({
    inject: [MODULE_OPTIONS_TOKEN],
    factory: (options: IdentityModuleOptions): ResolvedOptions => {
      // What stops the start of the application stops its tests.
      resolveOptions(options);
      return resolveOptions(plugIn(options, issuer));
    },
  });
}

function plugIn(options: IdentityModuleOptions, issuer: TestIssuer): IdentityModuleOptions {
  const issuers = issuersOf(options);
  const [first] = issuers;
  const audience = firstAudience(first?.audience ?? options.audience);
  const algorithm = firstAlgorithm(options);
  const audienceClaim = first?.audienceClaim ?? options.audienceClaim;
  issuer.adopt({
    ...(first === undefined ? {} : { issuer: first.issuer }),
    ...(audience === undefined ? {} : { audience }),
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(audienceClaim === undefined ? {} : { audienceClaim }),
    ...(options.tokenTypes === undefined ? {} : { tokenType: firstTokenType(options.tokenTypes) }),
  });
  // How long the application waits is its own, also in its tests.
  const { timeoutMs, deadlineMs, maxResponseBytes } = options.http ?? {};
  const http = { timeoutMs, deadlineMs, maxResponseBytes, ...issuer.httpOptions() };
  if (!issuer.isOnLoopback) {
    return { ...rewriteIssuers(options, (theirs) => answeredBy(issuer, theirs)), http };
  }
  if (issuers.length !== 1 || typeof options.issuers === 'function') {
    throw new IdentityError(
      'options_invalid',
      'An issuer on loopback has an address of its own and can stand for one issuer only: use TestIssuer.inMemory({ issuer }), or give issuer.moduleOptions() to forRoot',
    );
  }
  return { ...rewriteIssuers(options, (theirs) => moved(theirs, issuer.issuer)), http };
}

/** The same issuer, with metadata and keys of the test's wherever its own are. */
function answeredBy(
  testIssuer: TestIssuer,
  { http, metadataIssuer, discoveryUrl, jwksUri, jwks, ...rest }: IssuerOptions,
): IssuerOptions {
  return isWebAddress(rest.issuer) ? rest : { ...rest, discoveryUrl: testIssuer.discoveryUrl };
}

/** The same issuer at another address. */
function moved(
  { audience, audienceClaim, algorithms, profile, validate, rolesClaim }: IssuerOptions,
  issuer: string,
): IssuerOptions {
  return { issuer, audience, audienceClaim, algorithms, profile, validate, rolesClaim };
}
