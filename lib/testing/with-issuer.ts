import { ModulesContainer } from '@nestjs/core';
import type { TestingModuleBuilder } from '@nestjs/testing';
import { IdentityError } from '../errors/identity-error.js';
import { MODULE_OPTIONS_TOKEN } from '../identity.module-definition.js';
import type { IssuerOptions } from '../options/issuer-options.js';
import type { IdentityModuleOptions } from '../options/module-options.js';
import { resolveOptions } from '../options/resolve-options.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import {
  firstAlgorithm,
  firstAudience,
  firstTokenType,
  issuersOf,
  rewriteIssuers,
} from './rewrite-options.js';
import { noteIssuer } from './builder-uses.js';
import { createOfflineDispatcher } from './in-memory-dispatcher.js';
import { isWebAddress } from './provider-answer.js';
import type { TestIssuer } from './test-issuer.js';

/**
 * Lets the application under test meet this issuer instead of its real one. Nothing else of its options changes but where
 * metadata and keys come from, and not the validation: tokens are verified as usual.
 *
 * An issuer in memory takes the name of the application's; one on loopback gives the application its own. Where it is called
 * for several issuers, each stands for the one that it names: `TestIssuer.inMemory({ issuer })`.
 *
 * @example
 * const issuer = TestIssuer.inMemory();
 * const module = await withIssuer(Test.createTestingModule({ imports: [AppModule] }), issuer).compile();
 * const headers = { authorization: issuer.bearer({ scope: 'orders:read' }) };
 *
 * @throws {IdentityError} `options_invalid`: the builder has an identity. At `compile()`, where several issuers are configured
 * and this one, on loopback, can't stand for them, or where it is not told which of them each stands for.
 */
export function withIssuer(builder: TestingModuleBuilder, issuer: TestIssuer): TestingModuleBuilder {
  const all = noteIssuer(builder, issuer);
  return builder.overrideProvider(RESOLVED_OPTIONS).useFactory({
    inject: [MODULE_OPTIONS_TOKEN, ModulesContainer],
    factory: (options: IdentityModuleOptions, modules: ModulesContainer): ResolvedOptions => {
      // What stops the start of the application stops its tests.
      resolveOptions(options);
      if (isAlone(modules)) assertConfigured(options, all);
      return resolveOptions(all.length > 1 ? plugInAll(options, all) : plugIn(options, issuer));
    },
  });
}

function plugIn(options: IdentityModuleOptions, issuer: TestIssuer): IdentityModuleOptions {
  const issuers = issuersOf(options);
  const [first] = issuers;
  adoptFrom(options, first, issuer);
  const http = httpOf(options, issuer);
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

/** Each issuer in the place of the one that it names; the others do not answer. */
function plugInAll(options: IdentityModuleOptions, all: readonly TestIssuer[]): IdentityModuleOptions {
  const byName = new Map(all.map((issuer) => [issuer.named, issuer]));
  if (byName.size < all.length || byName.has(undefined)) {
    throw new IdentityError(
      'options_invalid',
      `withIssuer was called for ${String(all.length)} issuers: each must be in memory and name another one that it stands for, TestIssuer.inMemory({ issuer })`,
    );
  }
  const configured = issuersOf(options);
  for (const issuer of all) {
    const theirs = configured.find((each) => each.issuer === issuer.named);
    if (theirs !== undefined || typeof options.issuers === 'function') adoptFrom(options, theirs, issuer);
  }
  const rewritten = rewriteIssuers(options, (theirs) => {
    const issuer = byName.get(theirs.issuer);
    return issuer === undefined
      ? { ...theirs, http: undefined }
      : { ...answeredBy(issuer, theirs), http: httpOf(options, issuer) };
  });
  return { ...rewritten, http: { dispatcher: createOfflineDispatcher(), retries: 0 } };
}

/** Each of several modules has issuers of its own: a name that one lacks may be another's. */
function isAlone(modules: ModulesContainer): boolean {
  return [...modules.values()].filter(({ providers }) => providers.has(RESOLVED_OPTIONS)).length === 1;
}

/** The tokens of any other issuer would be rejected, one by one. */
function assertConfigured(options: IdentityModuleOptions, all: readonly TestIssuer[]): void {
  const configured = issuersOf(options).map(({ issuer }) => issuer);
  const names = all.filter(({ isOnLoopback }) => !isOnLoopback).flatMap(({ named }) => named ?? []);
  const strange = names.filter((name) => !configured.includes(name));
  if (strange.length === 0 || typeof options.issuers === 'function') return;
  throw new IdentityError(
    'options_invalid',
    `withIssuer was called for issuers that are not configured: ${strange.join(', ')}; configured are ${configured.join(', ')}`,
  );
}

function adoptFrom(
  options: IdentityModuleOptions,
  first: IssuerOptions | undefined,
  issuer: TestIssuer,
): void {
  const audience = firstAudience(first?.audience ?? options.audience) ?? audienceOfFirstResource(options);
  const algorithm = first?.algorithms?.[0] ?? firstAlgorithm(options);
  const audienceClaim = first?.audienceClaim ?? options.audienceClaim;
  issuer.adopt({
    ...(first === undefined ? {} : { issuer: first.issuer }),
    ...(audience === undefined ? {} : { audience }),
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(audienceClaim === undefined ? {} : { audienceClaim }),
    ...(options.tokenTypes === undefined ? {} : { tokenType: firstTokenType(options.tokenTypes) }),
  });
}

function httpOf({ http }: IdentityModuleOptions, issuer: TestIssuer): IdentityModuleOptions['http'] {
  // How long the application waits is its own, also in its tests.
  const { timeoutMs, deadlineMs, maxResponseBytes } = http ?? {};
  return { timeoutMs, deadlineMs, maxResponseBytes, ...issuer.httpOptions() };
}

/** The same issuer, with metadata and keys of the test's wherever its own are. */
function answeredBy(
  testIssuer: TestIssuer,
  { http, metadataIssuer, discoveryUrl, jwksUri, jwks, ...rest }: IssuerOptions,
): IssuerOptions {
  return isWebAddress(rest.issuer) ? rest : { ...rest, discoveryUrl: testIssuer.discoveryUrl };
}

/** The same issuer at another address: all of its options but those that say where it is and how it is reached. */
function moved(
  { http, metadataIssuer, discoveryUrl, jwksUri, jwks, ...rest }: IssuerOptions,
  issuer: string,
): IssuerOptions {
  return { ...rest, issuer };
}

/** Of an application whose audience is the resource that it is. */
function audienceOfFirstResource(options: IdentityModuleOptions): string | undefined {
  return resolveOptions(options).resources[0]?.audience?.[0];
}
