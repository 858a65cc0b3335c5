import {
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { assertNoContradiction, findRouteFaults } from './startup/route-audit.js';
import { HostApplication, hostApplicationProvider } from './startup/host-application.js';
import { Authorizer } from './auth/authorizer.js';
import { CredentialsReader } from './auth/credentials-reader.js';
import { DenialResponder } from './auth/denial-responder.js';
import { IdentityAuthGuard } from './auth/identity-auth.guard.js';
import { IdentityStrategy } from './auth/identity.strategy.js';
import { RequestAuthenticator } from './auth/request-authenticator.js';
import { UserMapper } from './auth/user-mapper.js';
import { CLOCK, systemClock, type Clock } from './cache/clock.js';
import { DiscoveryService } from './issuers/discovery.service.js';
import { IdentityError } from './errors/identity-error.js';
import { EventReporter } from './events/event-reporter.js';
import { IdentityEvents } from './events/identity-events.js';
import { IdentityHealthIndicator } from './health/identity.health.js';
import { HttpClients } from './http/http-clients.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './identity.module-definition.js';
import { JwksService } from './issuers/jwks.service.js';
import { IssuerRegistry } from './issuers/issuer-registry.js';
import { resolveOptions } from './options/resolve-options.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from './options/resolved-options.js';
import { IdentityStats } from './stats/identity-stats.js';
import { MetricsReader } from './stats/metrics-reader.js';
import { IssuerRows } from './metrics/issuer-rows.js';
import { MetricsRecorder } from './metrics/metrics-recorder.js';
import { MetricsRegistry } from './metrics/metrics-registry.js';
import { RuleSets } from './validation/rule-sets.js';
import { RUN_CONTEXT } from './validation/run-context.js';
import { createRunContext } from './validation/create-run-context.js';
import { SocketAuthenticator } from './sockets/socket-authenticator.js';
import { ConnectionExpiry } from './transports/connection-expiry.js';
import { TokenInspector } from './validation/token-inspector.js';
import { TokenValidationService } from './validation/token-validation.service.js';
import { VALIDATION_RECORDER } from './metrics/validation-recorder.js';
import { ValidationReports } from './validation/validation-reports.js';

/**
 * Protects an API with access tokens of OpenID Connect providers.
 *
 * `IdentityModule.forRoot({ issuer, audience })`, or `forRootAsync` with `useFactory`, `useClass` or
 * `useExisting`. It is global unless `isGlobal: false` stands beside.
 */
@Module({
  providers: [
    hostApplicationProvider,
    {
      provide: RESOLVED_OPTIONS,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: unknown) => resolveOptions(options),
    },
    {
      provide: IssuerRegistry,
      inject: [RESOLVED_OPTIONS, CLOCK, EventReporter],
      useFactory: (options: ResolvedOptions, clock: Clock, reporter: EventReporter) =>
        new IssuerRegistry(options, clock, reporter),
    },
    { provide: CLOCK, useValue: systemClock },
    {
      provide: HttpClients,
      inject: [RESOLVED_OPTIONS, MetricsRecorder],
      useFactory: ({ issuers, cache }: ResolvedOptions, measurements: MetricsRecorder) =>
        new HttpClients(issuers.length + cache.maxEntries, measurements),
    },
    MetricsRegistry,
    {
      provide: IssuerRows,
      inject: [RESOLVED_OPTIONS, IssuerRegistry],
      useFactory: ({ issuers, cache }: ResolvedOptions, registry: IssuerRegistry) =>
        new IssuerRows(
          issuers.map(({ issuer }) => issuer),
          Math.max(1, cache.maxEntries),
          (name) => registry.look(name) !== undefined,
        ),
    },
    {
      provide: MetricsRecorder,
      inject: [IssuerRows, MetricsRegistry, CLOCK, EventReporter],
      useFactory: (rows: IssuerRows, registry: MetricsRegistry, clock: Clock, reporter: EventReporter) => {
        const recorder = new MetricsRecorder(rows, registry, clock);
        reporter.listen((event) => recorder.recordEvent(event));
        return recorder;
      },
    },
    { provide: VALIDATION_RECORDER, useExisting: MetricsRecorder },
    HealthIndicatorService,
    IdentityEvents,
    EventReporter,
    DiscoveryService,
    JwksService,
    {
      provide: RUN_CONTEXT,
      inject: [RESOLVED_OPTIONS, IssuerRegistry, JwksService, CLOCK],
      useFactory: createRunContext,
    },
    {
      provide: RuleSets,
      inject: [RESOLVED_OPTIONS, IssuerRegistry],
      useFactory: (options: ResolvedOptions, issuers: IssuerRegistry) => new RuleSets(options, issuers),
    },
    ValidationReports,
    TokenValidationService,
    TokenInspector,
    MetricsReader,
    IdentityStats,
    CredentialsReader,
    Authorizer,
    UserMapper,
    RequestAuthenticator,
    DenialResponder,
    ConnectionExpiry,
    SocketAuthenticator,
    IdentityStrategy,
    IdentityAuthGuard,
    IdentityHealthIndicator,
  ],
  exports: [
    CLOCK,
    EventReporter,
    IssuerRegistry,
    TokenInspector,
    IdentityEvents,
    MetricsRecorder,
    DiscoveryService,
    JwksService,
    TokenValidationService,
    MetricsReader,
    IdentityStats,
    // What the guard has injected: Nest makes it in the modules of the controllers.
    RequestAuthenticator,
    DenialResponder,
    ConnectionExpiry,
    // What guardSockets looks for.
    SocketAuthenticator,
    IdentityStrategy,
    IdentityAuthGuard,
    IdentityHealthIndicator,
  ],
})
export class IdentityModule
  extends ConfigurableModuleClass
  implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown
{
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(IssuerRegistry) private readonly directory: IssuerRegistry,
    @Inject(JwksService) private readonly jwks: JwksService,
    @Inject(HttpClients) private readonly clients: HttpClients,
    @Inject(EventReporter) private readonly reporter: EventReporter,
    @Inject(HostApplication) private readonly application: HostApplication,
    @Inject(IdentityStrategy) private readonly strategy: IdentityStrategy,
  ) {
    super();
  }

  async onModuleInit(): Promise<void> {
    this.refuseSecondGlobal();
    for (const warning of this.options.warnings) this.reporter.warn(warning);
    for (const { issuer, audience } of this.options.issuers) {
      if (audience === null) {
        this.reporter.warn(`audience is null for ${issuer}: its tokens for any API are accepted here`);
      }
    }
    await this.warmUp();
  }

  onApplicationBootstrap(): void {
    const findings = findRouteFaults(this.application, this.strategy);
    assertNoContradiction(findings);
    this.refuseUnknownIssuers(findings.issuers);
    this.refuseRolesFromNowhere(findings.demandingRoles);
    this.warnOfMessages(findings.messagesGuardedGlobally);
    this.warnOfFields(findings.openFields);
    if (findings.unguarded.length === 0 || this.options.unguarded === 'off') return;
    const error = new IdentityError(
      'route_unguarded',
      `These routes demand something of the token, but have no IdentityAuthGuard: ${findings.unguarded.join(', ')}. ` +
        'Add @UseGuards(IdentityAuthGuard), or the guard as APP_GUARD; the option "unguarded" changes this check',
    );
    if (this.options.unguarded === 'error') throw error;
    this.reporter.warn(error.message);
  }

  async onApplicationShutdown(): Promise<void> {
    this.directory.close();
    await this.clients.close();
  }

  /** Static keys are configuration: that they can be used is always found out at start. */
  private async warmUp(): Promise<void> {
    const { issuers, warmUp } = this.options;
    const awaited = issuers.filter((issuer) => issuer.jwks !== undefined || warmUp === 'await');
    if (warmUp === 'background') for (const issuer of issuers) this.jwks.warm(issuer);
    await Promise.all(awaited.map((issuer) => this.jwks.get(issuer.issuer)));
  }

  /** Guards are built in the modules of their controllers and find one global instance there, whichever it is. */
  private refuseSecondGlobal(): void {
    const globals = [...this.application.modules.values()].filter(
      ({ metatype, isGlobal }) => metatype === IdentityModule && isGlobal,
    );
    if (globals.length < 2) return;
    throw new IdentityError(
      'module_duplicated',
      'IdentityModule is registered globally more than once. Use one with "issuers", or isGlobal: false and an import in each feature module',
    );
  }

  /** Without a place to look at nobody would ever get in; what tenants have is known only when they come. */
  private refuseRolesFromNowhere(demandingRoles: readonly string[]): void {
    const { issuers, tenants } = this.options;
    if (demandingRoles.length === 0 || tenants !== undefined) return;
    if (issuers.some(({ rolesClaim }) => rolesClaim !== undefined)) return;
    throw new IdentityError(
      'options_invalid',
      `@RequireRoles stands on ${demandingRoles.join(', ')}, but "rolesClaim" is missing: say where roles are in ` +
        'tokens of your provider, e.g. rolesClaim: rolesClaimOf.keycloakRealm, or the name of a claim',
    );
  }

  /** Whether a microservice of a hybrid application inherits global guards cannot be seen from here. */
  private warnOfMessages(messages: readonly string[]): void {
    if (messages.length === 0 || !this.application.hasHttp || this.options.unguarded === 'off') return;
    this.reporter.warn(
      `These message handlers have no IdentityAuthGuard but a global one: ${messages.join(', ')}. A hybrid application ` +
        'must connect its microservices with { inheritAppConfig: true }; @UseGuards(IdentityAuthGuard) is safer',
    );
  }

  /** Operations of other resolvers may lead to them: that these ask for less cannot be seen from here. */
  private warnOfFields(fields: readonly string[]): void {
    if (fields.length === 0 || this.options.unguarded === 'off') return;
    this.reporter.warn(
      `What their class requires is not checked for these fields, only for its queries and mutations: ${fields.join(', ')}. ` +
        "Operations of other resolvers may lead to them; fieldResolverEnhancers: ['guards'] of GraphQLModule has them checked",
    );
  }

  private refuseUnknownIssuers(demanded: ReadonlySet<string>): void {
    const unknown = [...demanded].filter((issuer) => !this.directory.isPossible(issuer));
    if (unknown.length === 0) return;
    const configured = this.options.issuers.map(({ issuer }) => issuer);
    throw new IdentityError(
      'options_invalid',
      `@RequireIssuer names what is not configured: ${unknown.join(', ')}; configured are ${configured.join(', ') || 'those that allowedIssuers lets through'}`,
    );
  }
}
