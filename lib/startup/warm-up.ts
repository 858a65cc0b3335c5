import { Inject, Injectable } from '@nestjs/common';
import { EventReporter } from '../events/event-reporter.js';
import { JwksService } from '../issuers/jwks.service.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';

/** Tells what the options leave open, and fetches what the first request would wait for. */
@Injectable()
export class WarmUp {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(JwksService) private readonly jwks: JwksService,
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
    const { issuers, warmUp } = this.options;
    const awaited = issuers.filter((issuer) => issuer.jwks !== undefined || warmUp === 'await');
    if (warmUp === 'background') for (const issuer of issuers) this.jwks.warm(issuer);
    await Promise.all(awaited.map((issuer) => this.jwks.get(issuer.issuer)));
  }
}
