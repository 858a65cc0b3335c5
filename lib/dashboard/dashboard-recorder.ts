import type { ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { CLOCK, type Clock } from '../cache/clock.js';
import { describeError } from '../errors/identity-error.js';
import type { IdentityEvent } from '../events/identity-event.js';
import { EventReporter } from '../events/event-reporter.js';
import { JwksService } from '../issuers/jwks.service.js';
import { IdentityStats } from '../stats/identity-stats.js';
import type { IssuerSnapshot } from '../stats/identity-snapshot.js';
import { dashboardState, type DashboardState, type ProcessIdentity } from './dashboard-state.js';
import { DashboardHistory, SAMPLE_MS } from './history.js';
import { IncidentLog } from './incident-log.js';
import { KeyTimeline } from './key-timeline.js';
import { LiveStreams } from './live-streams.js';

/** How often an open page is told what changed; also the sign that its stream is alive. */
const TELL_MS = 2_000;
/** Events come in bursts, and are told together. */
const EVENT_DELAY_MS = 200;

/**
 * Watches the module from its start on, remembers in bounded memory, and tells the open pages. It hears only
 * of what happens seldom: a validation does not know that it is there.
 */
@Injectable()
export class DashboardRecorder implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('IdentityDashboard');
  private readonly timeline = new KeyTimeline();
  private readonly log = new IncidentLog();
  private readonly timers = new Map<'sample' | 'tell' | 'soon', () => void>();
  private readonly process: ProcessIdentity;
  private lastFault = '';

  constructor(
    @Inject(IdentityStats) private readonly stats: IdentityStats,
    @Inject(JwksService) private readonly jwks: JwksService,
    @Inject(DashboardHistory) private readonly history: DashboardHistory,
    @Inject(LiveStreams) private readonly streams: LiveStreams,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EventReporter) reporter: EventReporter,
  ) {
    const startedAtMs = clock.wallMs() - process.uptime() * 1_000;
    this.process = { host: hostname(), pid: process.pid, startedAtMs };
    reporter.listen((event) => this.safely(() => this.record(event)));
  }

  onApplicationBootstrap(): void {
    for (const { issuer } of this.stats.snapshot().issuers) this.safely(() => this.readKeys(issuer));
    this.history.sample();
    this.after('sample', SAMPLE_MS, () => this.sample());
  }

  /** Before the server closes, which waits for open streams. */
  onModuleDestroy(): void {
    for (const cancel of this.timers.values()) cancel();
    this.streams.close();
  }

  state(): DashboardState {
    return dashboardState({
      snapshot: this.stats.snapshot(),
      nowMs: this.clock.wallMs(),
      process: this.process,
      keysOf: (issuer) => this.timeline.of(issuer),
      faultsOf: (issuer) => this.log.faultsOf(issuer),
      incidents: this.log.incidents(),
    });
  }

  /** A configured issuer, or a tenant that is known now. */
  find(issuer: string | undefined): IssuerSnapshot | undefined {
    return this.stats.snapshot().issuers.find((each) => each.issuer === issuer);
  }

  /** @param untilMs - milliseconds since 1970 after which the reader's right is over. */
  open(response: ServerResponse, untilMs: number): void {
    this.streams.add(response, untilMs, { history: this.history.points(), state: this.state() });
    this.after('tell', TELL_MS, () => this.tell());
  }

  private record(event: IdentityEvent): void {
    if (event.type === 'jwks.refreshed') this.readKeys(event.issuer);
    this.log.record(event, this.clock.wallMs());
    if (this.streams.isOpen) this.after('soon', EVENT_DELAY_MS, () => this.tellState());
  }

  private readKeys(issuer: string): void {
    const set = this.jwks.held(issuer);
    if (set !== undefined) this.timeline.update(issuer, set.keys, this.clock.wallMs());
  }

  private sample(): void {
    this.after('sample', SAMPLE_MS, () => this.sample());
    const point = this.history.sample();
    if (point !== undefined) this.streams.tell('point', () => point);
  }

  /** Goes on as long as somebody reads. */
  private tell(): void {
    if (!this.streams.isOpen) return;
    this.after('tell', TELL_MS, () => this.tell());
    this.tellState();
  }

  private tellState(): void {
    this.streams.tell('state', () => this.state());
  }

  /** Once, however often it is asked for meanwhile. */
  private after(what: 'sample' | 'tell' | 'soon', delayMs: number, run: () => void): void {
    if (this.timers.has(what)) return;
    const cancel = this.clock.schedule(() => {
      this.timers.delete(what);
      this.safely(run);
    }, delayMs);
    this.timers.set(what, cancel);
  }

  /** Whoever watches must not break what is watched: a fetch that reports, or the process in a timer. */
  private safely(run: () => void): void {
    try {
      run();
    } catch (error) {
      const fault = describeError(error);
      if (fault !== this.lastFault) this.logger.warn(`the dashboard could not be kept up to date: ${fault}`);
      this.lastFault = fault;
    }
  }
}
