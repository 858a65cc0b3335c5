import type { ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { BackgroundWork } from './background-work.js';
import type { DashboardState } from './dashboard-state.js';
import type { HistoryPoint } from './history-point.js';
import { DashboardHistory, SAMPLE_MS } from './history.js';
import { LiveStreams } from './live-streams.js';
import { StateReader } from './state-reader.js';

/** How often an open page gets the state; also the sign that its stream is alive. */
const UPDATE_MS = 2_000;
/** Events come in bursts, and are sent together. */
const EVENT_DELAY_MS = 200;

/** Keeps the history, and sends it and the state to the open pages. Reads nothing for pages that are not open. */
@Injectable()
export class LiveUpdates {
  constructor(
    @Inject(StateReader) private readonly states: StateReader,
    @Inject(DashboardHistory) private readonly history: DashboardHistory,
    @Inject(LiveStreams) private readonly streams: LiveStreams,
    @Inject(BackgroundWork) private readonly background: BackgroundWork,
  ) {}

  get isFull(): boolean {
    return this.streams.isFull;
  }

  start(): void {
    this.history.sample();
    this.background.schedule('sample', SAMPLE_MS, () => this.sample());
  }

  stop(): void {
    this.background.cancelAll();
    this.streams.close();
  }

  snapshot(): { readonly state: DashboardState; readonly history: readonly HistoryPoint[] } {
    return { state: this.states.read(), history: this.history.points() };
  }

  /** @param untilMs - milliseconds since 1970 after which the reader's right is over. */
  open(response: ServerResponse, untilMs: number): void {
    // The history first: the page fills its charts before the state says that it is up to date.
    this.streams.add(response, untilMs, { history: this.history.points(), state: this.states.read() });
    this.background.schedule('update', UPDATE_MS, () => this.update());
  }

  /** Something seldom has happened: open pages get the state at once, together with what comes with it. */
  stateChanged(): void {
    if (this.streams.isOpen) this.background.schedule('event', EVENT_DELAY_MS, () => this.sendState());
  }

  /** Goes on without an open page: the history has to be there when somebody looks. */
  private sample(): void {
    this.background.schedule('sample', SAMPLE_MS, () => this.sample());
    const point = this.history.sample();
    if (point !== undefined) this.streams.send('point', () => point);
  }

  /** Repeats as long as a page is open. */
  private update(): void {
    if (!this.streams.isOpen) return;
    this.background.schedule('update', UPDATE_MS, () => this.update());
    this.sendState();
  }

  private sendState(): void {
    this.streams.send('state', () => this.states.read());
  }
}
