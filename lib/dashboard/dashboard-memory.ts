import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../cache/clock.js';
import type { IdentityEvent } from '../events/identity-event.js';
import { IssuerRegistry } from '../issuers/issuer-registry.js';
import { JwksService } from '../issuers/jwks.service.js';
import { IncidentLog, type Incident, type OngoingFault } from './incident-log.js';
import { KeyTimeline, type KeyRecord } from './key-timeline.js';

/** Keys, rotations and outages since the start, in bounded memory. */
@Injectable()
export class DashboardMemory {
  private readonly timeline = new KeyTimeline();
  private readonly log = new IncidentLog();

  constructor(
    @Inject(JwksService) private readonly jwks: JwksService,
    @Inject(IssuerRegistry) private readonly issuers: IssuerRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Keys that were loaded before the first event was heard. */
  readConfigured(): void {
    for (const { name } of this.issuers.configured) this.readKeys(name);
  }

  record(event: IdentityEvent): void {
    if (event.type === 'jwks.refreshed') this.readKeys(event.issuer);
    this.log.record(event, this.clock.wallMs());
  }

  keysOf(issuer: string): readonly KeyRecord[] {
    return this.timeline.of(issuer);
  }

  faultsOf(issuer: string): readonly OngoingFault[] {
    return this.log.faultsOf(issuer);
  }

  /** Newest first. */
  incidents(): readonly Incident[] {
    return this.log.incidents();
  }

  private readKeys(issuer: string): void {
    const set = this.jwks.cached(issuer);
    if (set !== undefined) this.timeline.update(issuer, set.keys, this.clock.wallMs());
  }
}
