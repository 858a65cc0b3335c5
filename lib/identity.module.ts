import {
  Inject,
  Module,
  type NestModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { FixedHandshakes } from './startup/fixed-handshakes.js';
import { hostApplicationProvider } from './startup/host-application.js';
import { RouteScanner } from './startup/route-scanner.js';
import { RejectionLog } from './startup/rejection-log.js';
import { StartChecks } from './startup/start-checks.js';
import { WarmUp } from './startup/warm-up.js';
import { AccessReports } from './auth/access-reports.js';
import { Authorizer } from './auth/authorizer.js';
import { Challenges } from './auth/challenges.js';
import { CredentialsReader } from './auth/credentials-reader.js';
import { DenialResponder } from './auth/denial-responder.js';
import { IdentityAuthGuard } from './auth/identity-auth.guard.js';
import { IdentityStrategy } from './auth/identity.strategy.js';
import { RequestAuthenticator } from './auth/request-authenticator.js';
import { UserMapper } from './auth/user-mapper.js';
import { CLOCK, systemClock, type Clock } from './cache/clock.js';
import { DiscoveryService } from './issuers/discovery.service.js';
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
import { senderProofsProvider } from './proofs/create-sender-proofs.js';
import { SENDER_PROOFS } from './proofs/sender-proofs.js';
import { createRightsSources, RIGHTS_SOURCES } from './requirements/rights-sources.js';
import { MetadataRoutes } from './resources/metadata-routes.js';
import { Resources } from './resources/resources.js';
import { TokenRights } from './resources/token-rights.js';
import { RuleSets } from './validation/rule-sets.js';
import { RUN_CONTEXT } from './validation/run-context.js';
import { createRunContext } from './validation/create-run-context.js';
import { sharedStoreProvider } from './store/shared-store-provider.js';
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
 * `useExisting`. It is global unless `isGlobal: false` is next to it.
 *
 * @example
 * @Module({ imports: [IdentityModule.forRoot({ issuer: 'https://login.example.com', audience: 'orders-api' })] })
 * class AppModule {}
 * @example
 * IdentityModule.forRootAsync({
 *   inject: [ConfigService],
 *   useFactory: (config: ConfigService) => ({ issuer: config.getOrThrow('ISSUER'), audience: 'orders-api' }),
 * })
 */
@Module({
  providers: [
    // First: it looks at how Nest has put the application together, and explains what would break everything below.
    hostApplicationProvider,
    {
      provide: RESOLVED_OPTIONS,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: unknown) => resolveOptions(options),
    },
    {
      provide: IssuerRegistry,
      inject: [RESOLVED_OPTIONS, HttpClients, CLOCK, EventReporter],
      useFactory: (options: ResolvedOptions, clients: HttpClients, clock: Clock, reporter: EventReporter) =>
        new IssuerRegistry(options, clients, clock, reporter),
    },
    // A provider, so that `withClock` of the test kit replaces time for everything at once.
    { provide: CLOCK, useValue: systemClock },
    {
      provide: HttpClients,
      inject: [RESOLVED_OPTIONS, CLOCK, MetricsRecorder],
      useFactory: ({ issuers, cache }: ResolvedOptions, clock: Clock, recorder: MetricsRecorder) =>
        // A pool for each issuer that may be known at a time, so that no tenant takes the connections of another.
        new HttpClients(issuers.length + cache.maxEntries, clock, recorder),
    },
    MetricsRegistry,
    {
      provide: IssuerRows,
      inject: [RESOLVED_OPTIONS],
      useFactory: ({ issuers, cache, clientNames }: ResolvedOptions) =>
        new IssuerRows(
          issuers.map(({ issuer }) => issuer),
          Math.max(1, cache.maxEntries),
          clientNames.all,
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
    // The pipeline knows an interface of two methods; what counts behind it is none of its business.
    { provide: VALIDATION_RECORDER, useExisting: MetricsRecorder },
    sharedStoreProvider,
    HealthIndicatorService,
    IdentityEvents,
    EventReporter,
    DiscoveryService,
    JwksService,
    {
      provide: RUN_CONTEXT,
      inject: [RESOLVED_OPTIONS, IssuerRegistry, CLOCK, SENDER_PROOFS],
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
    {
      provide: Resources,
      inject: [RESOLVED_OPTIONS, MetricsRegistry],
      useFactory: ({ resources: configured }: ResolvedOptions, metrics: MetricsRegistry) => {
        const resources = new Resources(configured);
        metrics.resourceUse(() => resources.use());
        return resources;
      },
    },
    MetadataRoutes,
    TokenRights,
    {
      provide: RIGHTS_SOURCES,
      inject: [RESOLVED_OPTIONS, IssuerRegistry, CLOCK],
      useFactory: createRightsSources,
    },
    AccessReports,
    senderProofsProvider,
    Challenges,
    Authorizer,
    UserMapper,
    RequestAuthenticator,
    DenialResponder,
    ConnectionExpiry,
    SocketAuthenticator,
    IdentityStrategy,
    IdentityAuthGuard,
    IdentityHealthIndicator,
    RouteScanner,
    StartChecks,
    FixedHandshakes,
    RejectionLog,
    WarmUp,
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
    Resources,
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
  implements NestModule, OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown
{
  constructor(
    @Inject(WarmUp) private readonly warmUp: WarmUp,
    @Inject(StartChecks) private readonly startChecks: StartChecks,
    @Inject(IssuerRegistry) private readonly registry: IssuerRegistry,
    @Inject(HttpClients) private readonly clients: HttpClients,
  ) {
    super();
  }

  /** Nest calls it once everything is injected, and before it initialises a module. It adds no middleware. */
  async configure(): Promise<void> {
    // Nothing is injected if the options are request-scoped; HostApplication explains that, right after this.
    await (this.startChecks as StartChecks | undefined)?.prepare();
  }

  /**
   * With `warmUp: 'await'` the application does not listen before all keys are there.
   *
   * @throws {IdentityError} as `JwksService.get`.
   */
  async onModuleInit(): Promise<void> {
    await this.warmUp.run();
  }

  /** All controllers exist now, those of other modules as well. @throws {IdentityError} a route would be open: the application does not start. */
  async onApplicationBootstrap(): Promise<void> {
    await this.startChecks.run();
  }

  /** After connections were closed (Nest's order), so that requests under way still find keys. No timer holds the process. */
  async onApplicationShutdown(): Promise<void> {
    this.registry.close();
    await this.clients.close();
  }
}
