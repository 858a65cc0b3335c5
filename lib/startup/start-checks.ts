import { Inject, Injectable } from '@nestjs/common';
import { IdentityError } from '../errors/identity-error.js';
import { EventReporter } from '../events/event-reporter.js';
import { IssuerRegistry } from '../issuers/issuer-registry.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { Resources } from '../resources/resources.js';
import { SeldomLog } from '../events/seldom-log.js';
import { describeReported } from './describe-reported.js';
import { separateContexts } from './graphql-contexts.js';
import { auditRoutes, needsTokenOfMessage, readsGraphqlContext, type RouteFindings } from './route-audit.js';
import { RouteScanner, type Route } from './route-scanner.js';

/** Compares the routes of the application with the options, once all of it is put together. */
@Injectable()
export class StartChecks {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(IssuerRegistry) private readonly registry: IssuerRegistry,
    @Inject(EventReporter) private readonly reporter: EventReporter,
    @Inject(RouteScanner) private readonly scanner: RouteScanner,
  ) {}

  /** Before modules are initialised: GraphQLModule reads its options then. */
  async prepare(): Promise<void> {
    const drivers = this.scanner.graphqlDrivers;
    if (drivers.length === 0) return;
    const routes = (await this.scanner.scan()).flatMap((each) => each.routes);
    if (!routes.some(readsGraphqlContext)) return;
    const log = new SeldomLog((line) => this.reporter.warn(line));
    for (const driver of drivers) separateContexts(driver, (line) => log.add(() => line));
  }

  /** @throws {IdentityError} `access_contradiction`, `options_invalid`, `route_unguarded`, `transport_unsupported`: the application must not start. */
  async run(): Promise<void> {
    const classes = await this.scanner.scan();
    const findings = auditRoutes(classes);
    assertNoContradiction(findings.contradictions);
    this.assertIssuersConfigured(findings.requiredIssuers);
    this.assertRolesConfigured(findings.routesWithRoles);
    this.assertBindingAccepted(findings.routesWithBinding);
    this.assertResourcesConfigured(findings.routesOfResources);
    const routes = classes.flatMap((each) => each.routes);
    await this.assertTokensArrive(routes);
    this.warnOfReported(routes);
    this.warnOfCertificates();
    if (this.options.unguarded === 'off') return;
    this.warnOfMessages(findings.messagesGuardedGlobally);
    this.warnOfFields(findings.openFields);
    this.reportUnguarded(findings.unguarded);
  }

  /** A misspelt issuer would deny every token, and look like a problem of the provider. */
  private assertIssuersConfigured(required: readonly string[]): void {
    const unknown = required.filter((issuer) => !this.registry.isPossible(issuer));
    if (unknown.length === 0) return;
    const configured = this.options.issuers.map(({ issuer }) => issuer);
    throw new IdentityError(
      'options_invalid',
      `@RequireIssuer names what is not configured: ${unknown.join(', ')}; configured are ${configured.join(', ') || 'those that allowedIssuers lets through'}`,
    );
  }

  /** A misspelt resource would accept no token, and its challenge would lead nowhere. */
  private assertResourcesConfigured(routes: RouteFindings['routesOfResources']): void {
    const resources = new Resources(this.options.resources);
    const lost = routes.filter(({ resource }) => resource !== undefined && !resources.has(resource));
    if (lost.length === 0) return;
    const names = [...new Set(lost.map(({ name, resource = '' }) => `${resource} (${name})`))];
    const configured = resources.all.map(({ url }) => url).join(', ') || 'none: add "resources"';
    throw new IdentityError(
      'options_invalid',
      `@ProtectedResource names what is not configured: ${names.join(', ')}; configured are ${configured}`,
    );
  }

  /** Without a place to look at no token would ever have a role; what tenants have is known only when they come. */
  private assertRolesConfigured(routes: readonly string[]): void {
    const { issuers, tenants } = this.options;
    if (routes.length === 0 || tenants !== undefined) return;
    if (issuers.some(({ rolesClaim }) => rolesClaim !== undefined)) return;
    throw new IdentityError(
      'options_invalid',
      `@RequireRoles stands on ${routes.join(', ')}, but "rolesClaim" is missing: say where roles are in ` +
        'tokens of your provider, e.g. rolesClaim: rolesClaimOf.keycloakRealm, or the name of a claim',
    );
  }

  /** One line: what somebody took for a protection, and is none yet. */
  private warnOfReported(routes: readonly Route[]): void {
    const line = describeReported(routes, this.options.requirementMode);
    if (line !== undefined) this.reporter.warn(line);
  }

  /** Every token that is bound to a certificate would be refused: clients have no way to show one. */
  private warnOfCertificates(): void {
    const { senderConstrained, mtls } = this.options;
    if (senderConstrained === 'reject' || mtls?.certificate !== 'socket') return;
    if (this.scanner.asksForCertificates) return;
    this.reporter.warn(
      "mtls: { certificate: 'socket' }, but the server of this application does not ask for certificates: set httpsOptions with " +
        "requestCert: true, or, behind a proxy, the form of its header: 'client-cert', 'nginx', 'envoy' or 'aws-alb'",
    );
  }

  /** Otherwise each token would be refused, bound or not. */
  private assertBindingAccepted(routes: readonly string[]): void {
    if (routes.length === 0 || this.options.senderConstrained !== 'reject') return;
    throw new IdentityError(
      'options_invalid',
      `@RequireSenderConstrained stands on ${routes.join(', ')}, but "senderConstrained" is 'reject', which refuses every bound ` +
        'token: set it to \'accept\' or \'require\', with "publicUrl" for DPoP, or "mtls"',
    );
  }

  /** Otherwise each message would be refused, of whoever. */
  private async assertTokensArrive(routes: readonly Route[]): Promise<void> {
    const needy = routes.filter(needsTokenOfMessage);
    if (needy.length === 0 || this.options.transports.tokenFromPayload) return;
    for (const server of await this.scanner.bareServers()) {
      const called = needy.filter(({ handler }) => server.calls(handler.method)).map(({ name }) => name);
      if (called.length === 0) continue;
      throw new IdentityError(
        'transport_unsupported',
        `${called.join(', ')} need a token, but messages over ${server.name} carry nothing beside their payload before ` +
          '@nestjs/microservices 12.0.4: upgrade it, or set transports: { tokenFromPayload: true } and send access_token in the ' +
          'payload. Patterns of another transport name it: @MessagePattern(…, Transport.NATS)',
      );
    }
  }

  /** Whether a microservice of a hybrid application inherits global guards cannot be seen from here. */
  private warnOfMessages(messages: readonly string[]): void {
    if (messages.length === 0 || !this.scanner.servesHttp) return;
    this.reporter.warn(
      `These message handlers have no IdentityAuthGuard but a global one: ${messages.join(', ')}. A hybrid application ` +
        'must connect its microservices with { inheritAppConfig: true }, after useGlobalGuards, and call "await app.init()" before ' +
        'startAllMicroservices(), so that this check runs before ports open; @UseGuards(IdentityAuthGuard) is safer',
    );
  }

  /** Operations of other resolvers may lead to them: that these ask for less cannot be seen from here. */
  private warnOfFields(fields: readonly string[]): void {
    if (fields.length === 0) return;
    this.reporter.warn(
      `What their class requires is not checked for these fields, only for its queries and mutations: ${fields.join(', ')}. ` +
        "Operations of other resolvers may lead to them; fieldResolverEnhancers: ['guards'] of GraphQLModule has them checked",
    );
  }

  /** By default an error: a route that says what it demands, and lets everybody in, is worse than no start. */
  private reportUnguarded(unguarded: readonly string[]): void {
    if (unguarded.length === 0) return;
    const error = new IdentityError(
      'route_unguarded',
      `No IdentityAuthGuard is asked about these routes, which need a token: ${unguarded.join(', ')}. ${remedyFor(unguarded)}` +
        'With the option "unguarded" the application starts all the same, and everyone gets in',
    );
    if (this.options.unguarded === 'error') throw error;
    this.reporter.warn(error.message);
  }
}

/** Those with a reason in brackets say there what to do. */
function remedyFor(unguarded: readonly string[]): string {
  const isPlain = unguarded.some((each) => !each.endsWith(')'));
  return isPlain ? 'Add @UseGuards(IdentityAuthGuard), or the guard as APP_GUARD. ' : '';
}

function assertNoContradiction(contradictions: readonly string[]): void {
  if (contradictions.length === 0) return;
  throw new IdentityError(
    'access_contradiction',
    `Access decorators that contradict each other, or that do not count: ${contradictions.join(', ')}. ` +
      'Public or optional and restricted at once, or public and optional: take one of the decorators away',
  );
}
