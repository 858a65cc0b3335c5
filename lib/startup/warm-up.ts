import { Inject, Injectable } from '@nestjs/common';
import { EventReporter } from '../events/event-reporter.js';
import { prepareConnections } from '../http/connections.js';
import { IssuerRegistry } from '../issuers/issuer-registry.js';
import { prepareKeySets } from '../jwks/fetch-key-set.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';

/** Tells what the options leave open, and fetches what the first request would wait for. */
@Injectable()
export class WarmUp {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(IssuerRegistry) private readonly registry: IssuerRegistry,
    @Inject(EventReporter) private readonly reporter: EventReporter,
  ) {}

  /** @throws {IdentityError} as `JwksService.get`, for static keys and with `warmUp: 'await'`. */
  async run(): Promise<void> {
    for (const warning of this.options.warnings) this.reporter.warn(warning);
    for (const line of this.options.decided) this.reporter.info(line);
    for (const { issuer, audience } of this.options.issuers) {
      if (audience === null) {
        this.reporter.warn(`audience is null for ${issuer}: its tokens for any API are accepted here`);
      }
    }
    this.loadPackages();
    await this.fetchKeys();
  }

  /**
   * The import of this package loads neither undici nor jwks-rsa. Whatever `warmUp` says, they are loaded now, in the
   * background, so that the first request pays for nothing but the network.
   */
  private loadPackages(): void {
    const { configured, tenantCount } = this.registry;
    const fetched = configured.map(({ options }) => options).filter(({ jwks }) => jwks === undefined);
    const hasTenants = tenantCount !== undefined;
    if (hasTenants || fetched.length > 0) prepareKeySets();
    if (hasTenants || fetched.some(({ http }) => http.dispatcher === undefined)) prepareConnections();
  }

  /** Static keys are configuration: that they can be used is always found out at start. */
  private async fetchKeys(): Promise<void> {
    const { warmUp } = this.options;
    const issuers = this.registry.configured;
    const awaited = issuers.filter(({ options }) => options.jwks !== undefined || warmUp === 'await');
    if (warmUp === 'background') for (const { keys } of issuers) keys.warm();
    await Promise.all(awaited.map(({ keySet }) => keySet.get()));
  }
}
