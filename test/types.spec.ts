import type { ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { ExtractJwt } from 'passport-jwt';
import { describe, expectTypeOf, it } from 'vitest';
import {
  createCredentials,
  DiscoveryService,
  IdentityAuthGuard,
  IdentityError,
  IdentityModule,
  JwksService,
  RequireAuthorizationDetails,
  RequireClaim,
  RequireRoles,
  RequireScopes,
  rolesClaimOf,
  TokenValidationService,
  type AccessTokenClaims,
  type ClaimSource,
  type ErrorCode,
  type IdentityEvent,
  type IdentityModuleOptions,
  type IssuerOptions,
  type ValidatedToken,
} from 'nestjs-identity-model';

// These are checked by the compiler; running them proves nothing.

declare module 'nestjs-identity-model' {
  interface AccessTokenClaims {
    readonly addedByMerging?: number;
  }
}

describe('the public types', () => {
  it('take what config.get() answers', () => {
    const maybe = undefined as string | undefined;
    expectTypeOf({
      issuer: maybe,
      audience: maybe,
      clockToleranceMs: maybe === undefined ? undefined : 1,
      http: { timeoutMs: undefined },
    }).toExtend<IdentityModuleOptions>();
    expectTypeOf({ issuer: 'x', algorithms: maybe?.split(',') }).toExtend<IssuerOptions>();
  });

  it('refuse what would be refused at start', () => {
    // @ts-expect-error an unknown option
    expectTypeOf<IdentityModuleOptions>().toHaveProperty('audiences');
    expectTypeOf<{ audience: number }>().not.toExtend<IdentityModuleOptions>();
    expectTypeOf<{ warmUp: 'later' }>().not.toExtend<IdentityModuleOptions>();
    // @ts-expect-error an unknown option in a literal
    void ({ issuer: 'x', audience: 'y', clockTolerance: 5 } satisfies IdentityModuleOptions);
    // @ts-expect-error an unknown option of a group
    void ({ http: { timeout: 5 } } satisfies IdentityModuleOptions);
    expectTypeOf<{ audience: string }>().not.toExtend<IssuerOptions>();
    expectTypeOf<{
      transports: { tokenFromCookie: { name: string } };
    }>().not.toExtend<IdentityModuleOptions>();
    expectTypeOf<IdentityModuleOptions['clockToleranceMs']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<IdentityModuleOptions['warmUp']>().toEqualTypeOf<
      'background' | 'await' | 'off' | undefined
    >();
  });

  it('take options of a requirement last, behind what it demands', () => {
    // Calls that must not compile would throw as well.
    const calls = [
      () => RequireScopes('a', 'b'),
      () => RequireScopes('a', { mode: 'report' }),
      // @ts-expect-error without a scope
      () => RequireScopes(),
      // @ts-expect-error options alone
      () => RequireScopes({ mode: 'report' }),
      // @ts-expect-error an unknown mode
      () => RequireScopes('a', { mode: 'warn' }),
      // @ts-expect-error options in front
      () => RequireRoles({ mode: 'report' }, 'a'),
      () => RequireClaim('tenant', 'acme', { mode: 'report' }),
      () => RequireClaim('age', () => true, { mode: 'enforce' }),
      () => RequireAuthorizationDetails('payment', { mode: 'report' }),
      () => RequireAuthorizationDetails('payment', () => true, { mode: 'report' }),
    ];
    expectTypeOf(calls).items.returns.toExtend<MethodDecorator & ClassDecorator>();
  });

  it('carry claims of the caller’s own', () => {
    type Result = Awaited<ReturnType<typeof call>>;
    const call = (service: TokenValidationService): Promise<ValidatedToken<{ tenant: string }>> =>
      service.validate<{ tenant: string }>('');
    expectTypeOf<Result['claims']['tenant']>().toEqualTypeOf<string>();
    expectTypeOf<Result['claims']['iss']>().toEqualTypeOf<string>();
    expectTypeOf<AccessTokenClaims['anything']>().toEqualTypeOf<unknown>();
    expectTypeOf<AccessTokenClaims['sub']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<AccessTokenClaims['addedByMerging']>().toEqualTypeOf<number | undefined>();
  });

  it('let hooks be synchronous or not', () => {
    expectTypeOf(() => true).toExtend<NonNullable<IdentityModuleOptions['validate']>>();
    expectTypeOf(async () => false).toExtend<NonNullable<IdentityModuleOptions['validate']>>();
    expectTypeOf((_: ValidatedToken, __: ExecutionContext) => ({})).toExtend<
      NonNullable<IdentityModuleOptions['mapUser']>
    >();
    const extract = ExtractJwt.fromHeader('x');
    expectTypeOf(extract).toExtend<NonNullable<IdentityModuleOptions['jwtFromRequest']>>();
  });

  it('tell codes and events apart', () => {
    expectTypeOf<IdentityError['code']>().toEqualTypeOf<ErrorCode>();
    expectTypeOf<'token_expired'>().toExtend<ErrorCode>();
    expectTypeOf<Extract<IdentityEvent, { type: 'token.rejected' }>['code']>().toEqualTypeOf<ErrorCode>();
  });

  it('have the members of the contract', () => {
    expectTypeOf<DiscoveryService>()
      .toHaveProperty('refresh')
      .parameter(0)
      .toEqualTypeOf<string | undefined>();
    expectTypeOf<JwksService>().toHaveProperty('clear').returns.toEqualTypeOf<void>();
    expectTypeOf<IdentityAuthGuard>().toExtend<InstanceType<ReturnType<typeof AuthGuard>>>();
    expectTypeOf(IdentityModule.forRootAsync).parameter(0).toHaveProperty('isGlobal');
  });

  it('take presets for roles, called where they want a name', () => {
    expectTypeOf(rolesClaimOf.keycloakRealm).toExtend<ClaimSource>();
    expectTypeOf(rolesClaimOf.keycloakClient('orders-api')).toExtend<ClaimSource>();
    expectTypeOf(rolesClaimOf.zitadel('1')).toExtend<ClaimSource>();
    expectTypeOf(rolesClaimOf.keycloakClient).not.toExtend<ClaimSource>();
    expectTypeOf(rolesClaimOf.zitadel).not.toExtend<ClaimSource>();
    expectTypeOf<[]>().not.toExtend<Parameters<typeof RequireRoles>>();
  });

  it('take no credentials that createCredentials has not made', () => {
    const tokens = {} as TokenValidationService;
    const credentials = { scheme: 'DPoP', token: 't', proof: 'p', method: 'GET', url: '/' } as const;
    const use = (): unknown => [
      tokens.validate(createCredentials(credentials)),
      // @ts-expect-error an object that may have come in a body
      tokens.validate(credentials),
    ];
    expectTypeOf(use).toBeFunction();
  });
});
