import {
  Controller,
  Inject,
  Logger,
  Module,
  UseGuards,
  VERSION_NEUTRAL,
  type CanActivate,
  type DynamicModule,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { IdentityAuthGuard } from '../auth/identity-auth.guard.js';
import { OptionalAuth } from '../decorators/optional-auth.js';
import { Public } from '../decorators/public.js';
import { IssuerRegistry } from '../issuers/issuer-registry.js';
import { RequireIssuer } from '../requirements/issuer.js';
import { RequireScopes } from '../requirements/scopes.js';
import { ActionsController } from './actions.controller.js';
import { BackgroundWork } from './background-work.js';
import {
  assertIssuersNamed,
  DASHBOARD_OPTIONS,
  resolveDashboardOptions,
  type IdentityDashboardOptions,
  type Protection,
  type ResolvedDashboardOptions,
} from './dashboard-options.js';
import { DashboardMemory } from './dashboard-memory.js';
import { DashboardRecorder } from './dashboard-recorder.js';
import { DataController } from './data.controller.js';
import { securityHeadersGuard } from './security-headers.guard.js';
import { DashboardHistory } from './history.js';
import { LiveStreams } from './live-streams.js';
import { LiveUpdates } from './live-updates.js';
import { PageController } from './page.controller.js';
import { StateReader } from './state-reader.js';

/**
 * One page that shows what `IdentityModule` does, live: key sets, rotations, rejections, caches, latencies, the
 * provider. It finds the global `IdentityModule`; with `isGlobal: false`, pass that module in `imports`.
 * See docs/operations/dashboard.md.
 *
 * @example
 * @Module({
 *   imports: [
 *     IdentityModule.forRoot({ issuer: 'https://id.example.com', audience: 'orders-api' }),
 *     IdentityDashboardModule.forRoot({ requiredScopes: ['identity:operate'] }), // at /identity
 *   ],
 * })
 * export class AppModule {}
 */
@Module({})
export class IdentityDashboardModule implements OnModuleInit {
  constructor(
    @Inject(DASHBOARD_OPTIONS) private readonly options: ResolvedDashboardOptions,
    @Inject(IssuerRegistry) private readonly directory: IssuerRegistry,
  ) {}

  /** @throws {IdentityError} `options_invalid`. */
  onModuleInit(): void {
    const { tenantCount, configured } = this.directory;
    assertIssuersNamed(this.options.protection, tenantCount === undefined ? configured.length : Infinity);
  }

  /** @throws {IdentityError} `options_invalid`; so it does where nothing says who gets in. */
  static forRoot(options: IdentityDashboardOptions): DynamicModule {
    const resolved = resolveDashboardOptions(options);
    const { path, protection } = resolved;
    const data = `${path}/data`;
    if (protection.kind === 'none') {
      new Logger('IdentityDashboard').warn(`/${path} is open to everyone who reaches it`);
    }
    return {
      module: IdentityDashboardModule,
      imports: options.imports ?? [],
      controllers: [
        mount(class IdentityDashboardPage extends PageController {}, path, pageDecorators(protection)),
        mount(class IdentityDashboardData extends DataController {}, data, dataDecorators(protection)),
        mount(class IdentityDashboardActions extends ActionsController {}, data, dataDecorators(protection)),
      ],
      providers: [
        { provide: DASHBOARD_OPTIONS, useValue: resolved },
        BackgroundWork,
        DashboardMemory,
        StateReader,
        DashboardHistory,
        LiveStreams,
        LiveUpdates,
        DashboardRecorder,
      ],
    };
  }
}

/** The page itself is public where a token is asked for: it asks for it. */
function pageDecorators(protection: Protection): ClassDecorator[] {
  return protection.kind === 'guard' ? ownGuard(protection.guard) : [Public()];
}

/** Whatever the option `requirementMode` says of the application's own routes. */
const ENFORCED = { mode: 'enforce' } as const;

function dataDecorators(protection: Protection): ClassDecorator[] {
  switch (protection.kind) {
    case 'scopes':
      return [
        UseGuards(IdentityAuthGuard),
        ...(protection.issuers === undefined ? [] : [RequireIssuer(...protection.issuers, ENFORCED)]),
        RequireScopes(...protection.scopes, ENFORCED),
      ];
    case 'guard':
      return ownGuard(protection.guard);
    case 'none':
      return [Public()];
  }
}

/**
 * A browser that opens a page brings no token, so an `IdentityAuthGuard` in front of the whole application must
 * not require one; what it makes of one that does come, in a cookie say, is there for the guard to see.
 */
function ownGuard(guard: Type<CanActivate> | CanActivate): ClassDecorator[] {
  return [UseGuards(guard), OptionalAuth()];
}

/** Where @nestjs/swagger looks for controllers that it leaves out. */
const UNDOCUMENTED = 'swagger/apiExcludeController';

/** Metadata stands on a class of this mount alone, so that two applications in a process do not mix. */
function mount(routes: Type, path: string, decorators: readonly ClassDecorator[]): Type {
  // The first one to decorate is the first guard to be asked.
  const all = [
    Controller({ path, version: VERSION_NEUTRAL }),
    UseGuards(securityHeadersGuard),
    ...decorators,
  ];
  for (const decorate of all) decorate(routes);
  Reflect.defineMetadata(UNDOCUMENTED, [true], routes);
  return routes;
}
