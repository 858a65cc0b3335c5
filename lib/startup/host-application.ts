import type { FactoryProvider, OnModuleInit } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { IdentityError } from '../errors/identity-error.js';
import { RESOLVED_OPTIONS } from '../options/resolved-options.js';
import { decoratedByOther } from './decorated-by-other.js';
import { requestScopeBelow } from './request-scope.js';

/** What the checks at start look at: the application as Nest has put it together. */
export class HostApplication implements OnModuleInit {
  constructor(
    readonly modules: ModulesContainer,
    readonly config: ApplicationConfig,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** Whether it serves HTTP, alone or beside microservices. */
  get hasHttp(): boolean {
    // null, whatever its type says, if the application was made with createMicroservice or createApplicationContext.
    return Boolean(this.adapterHost.httpAdapter);
  }

  /** Whether its server asks clients for a certificate in the TLS handshake. Servers of others, such as a proxy, are not known. */
  get asksForCertificates(): boolean {
    const server: unknown = this.hasHttp ? this.adapterHost.httpAdapter.getHttpServer() : undefined;
    // Of `tls.Server`: what its options say.
    return typeof server === 'object' && server !== null && Reflect.get(server, 'requestCert') === true;
  }

  /**
   * This object depends on no option, so that it is there when a request-scoped one keeps all others from being made.
   *
   * @throws {IdentityError} `options_invalid`, `module_duplicated`.
   */
  onModuleInit(): void {
    this.assertStaticOptions();
    this.assertOneGlobal();
    this.assertOneCopy();
  }

  private assertStaticOptions(): void {
    for (const { providers } of this.modules.values()) {
      const options = providers.get(RESOLVED_OPTIONS);
      const dependency = options && requestScopeBelow(options);
      if (dependency === undefined) continue;
      throw new IdentityError(
        'options_invalid',
        `The options of IdentityModule depend on ${dependency}, which is request-scoped: each request would build the ` +
          'module again, and fetch metadata and keys again. Inject what is there at start (such as ConfigService). For options ' +
          'that differ between tenants let "issuers" be a function; what a request says, "mapUser" and "validate" can look at',
      );
    }
  }

  /** Guards are built in the modules of their controllers and find one global instance there, whichever it is. */
  private assertOneGlobal(): void {
    const ours = [...this.modules.values()].filter(({ providers }) => providers.has(RESOLVED_OPTIONS));
    if (ours.filter(({ isGlobal }) => isGlobal).length < 2) return;
    throw new IdentityError(
      'module_duplicated',
      'IdentityModule is registered globally more than once. Use one with "issuers", or isGlobal: false and an import in each feature module',
    );
  }

  /** Not left to the option `unguarded`: a guard of this copy would let in everybody who has any token. */
  private assertOneCopy(): void {
    const names = decoratedByOther(this.modules);
    if (names.length === 0) return;
    throw new IdentityError(
      'module_duplicated',
      `Decorators of another copy of nestjs-identity-model stand on ${names.join(', ')}; IdentityModule of this copy cannot read ` +
        'them. "npm ls nestjs-identity-model" (or "pnpm why") shows two versions, which must become one; if it shows one, the ' +
        'application loads it both as an ES module and as CommonJS',
    );
  }
}

/** Every class of `@nestjs/core` that the module needs is injected here, and may be missing. */
export const hostApplicationProvider: FactoryProvider<HostApplication> = {
  provide: HostApplication,
  inject: [ModulesContainer, ApplicationConfig, HttpAdapterHost].map((token) => ({ token, optional: true })),
  useFactory: (modules?: ModulesContainer, config?: ApplicationConfig, adapterHost?: HttpAdapterHost) => {
    if (modules !== undefined && config !== undefined && adapterHost !== undefined) {
      return new HostApplication(modules, config, adapterHost);
    }
    throw new IdentityError(
      'module_duplicated',
      'The application runs on another copy of @nestjs/core than the one that nestjs-identity-model imports, so that Nest ' +
        'cannot inject its own services. "npm ls @nestjs/core" (or "pnpm why @nestjs/core") shows both: bring them to one ' +
        'version, with "npm dedupe" or "overrides" in package.json',
    );
  },
};
