import { hostname } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../cache/clock.js';
import type { IssuerSnapshot } from '../stats/identity-snapshot.js';
import { IdentityStats } from '../stats/identity-stats.js';
import { DashboardMemory } from './dashboard-memory.js';
import { dashboardState, type DashboardState, type ProcessIdentity } from './dashboard-state.js';

/** Reads everything that the page shows besides its history. */
@Injectable()
export class StateReader {
  private readonly process: ProcessIdentity;

  constructor(
    @Inject(IdentityStats) private readonly stats: IdentityStats,
    @Inject(DashboardMemory) private readonly memory: DashboardMemory,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    const startedAtMs = clock.wallMs() - process.uptime() * 1_000;
    this.process = { host: hostname(), pid: process.pid, startedAtMs };
  }

  read(): DashboardState {
    return dashboardState({
      snapshot: this.stats.snapshot(),
      nowMs: this.clock.wallMs(),
      process: this.process,
      keysOf: (issuer) => this.memory.keysOf(issuer),
      faultsOf: (issuer) => this.memory.faultsOf(issuer),
      incidents: this.memory.incidents(),
    });
  }

  /** A configured issuer, or a tenant that is known now. */
  find(issuer: string | undefined): IssuerSnapshot | undefined {
    return this.stats.snapshot().issuers.find((each) => each.issuer === issuer);
  }
}
