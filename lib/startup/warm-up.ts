import { Inject, Injectable } from '@nestjs/common';
import { EventReporter } from '../events/event-reporter.js';
import { IssuerRegistry } from '../issuers/issuer-registry.js';
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
    for (const { issuer, audience } of this.options.issuers) {
      if (audience === null) {
        this.reporter.warn(`audience is null for ${issuer}: its tokens for any API are accepted here`);
      }
    }
    await this.fetchKeys();
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
