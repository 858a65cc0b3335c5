import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CLOCK, type Clock } from '../cache/clock.js';
import type { IdentityEvent } from '../events/identity-event.js';
import { EventReporter } from '../events/event-reporter.js';
import { JwksService } from '../jwks/jwks.service.js';
import { IdentityStats } from '../stats/identity-stats.js';
import { dashboardState, type DashboardState } from './dashboard-state.js';
import { DashboardHistory, SAMPLE_MS } from './history.js';
import { IncidentLog } from './incident-log.js';
import { KeyTimeline } from './key-timeline.js';
import { LiveStreams } from './live-streams.js';

/** How often an open page is told what changed. */
const TELL_MS = 2_000;
/** Events come in bursts, and are told together. */
const EVENT_DELAY_MS = 200;

/** Watches the module from its start on, remembers in bounded memory, and tells the open pages. */
@Injectable()
export class DashboardRecorder implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly timeline = new KeyTimeline();
  private readonly log = new IncidentLog();
  private readonly timers: NodeJS.Timeout[] = [];
  private soon: NodeJS.Timeout | undefined;

  constructor(
    @Inject(IdentityStats) private readonly stats: IdentityStats,
    @Inject(JwksService) private readonly jwks: JwksService,
    @Inject(DashboardHistory) private readonly history: DashboardHistory,
    @Inject(LiveStreams) private readonly streams: LiveStreams,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EventReporter) reporter: EventReporter,
  ) {
    reporter.listen((event) => this.record(event));
  }

  onApplicationBootstrap(): void {
    for (const { issuer } of this.stats.snapshot().issuers) this.readKeys(issuer);
    this.history.sample();
    this.every(SAMPLE_MS, () => {
      const point = this.history.sample();
      if (point !== undefined) this.streams.tell('point', () => point);
    });
    this.every(TELL_MS, () => this.tell());
  }

  /** Before the server closes, which waits for open streams. */
  onModuleDestroy(): void {
    for (const timer of this.timers) clearInterval(timer);
    clearTimeout(this.soon);
    this.streams.close();
  }

  state(): DashboardState {
    return dashboardState({
      snapshot: this.stats.snapshot(),
      nowMs: this.clock.wallMs(),
      keysOf: (issuer) => this.timeline.of(issuer),
      faultsOf: (issuer) => this.log.faultsOf(issuer),
      incidents: this.log.incidents(),
    });
  }

  private record(event: IdentityEvent): void {
    if (event.type === 'jwks.refreshed') this.readKeys(event.issuer);
    this.log.record(event, this.clock.wallMs());
    if (!this.streams.isOpen) return;
    this.soon ??= setTimeout(() => {
      this.soon = undefined;
      this.tell();
    }, EVENT_DELAY_MS).unref();
  }

  private readKeys(issuer: string): void {
    const set = this.jwks.held(issuer);
    if (set !== undefined) this.timeline.update(issuer, set.keys, this.clock.wallMs());
  }

  private tell(): void {
    this.streams.tell('state', () => this.state());
  }

  private every(ms: number, run: () => void): void {
    this.timers.push(setInterval(run, ms).unref());
  }
}
