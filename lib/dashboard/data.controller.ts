import { Get, Inject, Req, Res } from '@nestjs/common';
import { latestDecision } from '../transports/decisions.js';
import { TokenInspector } from '../validation/token-inspector.js';
import { rejectCrossSiteRead } from './csrf-protection.js';
import {
  isRejected,
  sendJson,
  takeOver,
  type DashboardRequest,
  type DashboardResponse,
} from './http-exchange.js';
import { LiveUpdates } from './live-updates.js';

/** When a page that found no place may try again. */
const RETRY_AFTER_SEC = 10;

/** The data that the page shows. The guard has let the request in. */
export class DataController {
  constructor(
    @Inject(LiveUpdates) private readonly live: LiveUpdates,
    @Inject(TokenInspector) private readonly inspector: TokenInspector,
  ) {}

  @Get('snapshot')
  snapshot(@Req() request: DashboardRequest, @Res() response: DashboardResponse): void {
    if (isRejected(response, rejectCrossSiteRead(request.headers))) return;
    sendJson(response, 200, this.live.snapshot());
  }

  @Get('events')
  events(@Req() request: DashboardRequest, @Res() response: DashboardResponse): void {
    if (isRejected(response, rejectCrossSiteRead(request.headers))) return;
    // Fastify and Express answer HEAD with the route of GET: there is nothing to hold open.
    if (request.method !== 'GET') return sendJson(response, 200, {});
    if (this.live.isFull) {
      return sendJson(response, 503, { code: 'too_many_streams' }, { 'Retry-After': RETRY_AFTER_SEC });
    }
    this.live.open(takeOver(response), this.usableUntilMs(request));
  }

  /** Only tokens have an end that is known here: a guard of the application's own ends its sessions itself. */
  private usableUntilMs(request: DashboardRequest): number {
    let untilMs = Infinity;
    for (let at = latestDecision(request); at !== undefined; at = at.earlier) {
      if (at.validated !== undefined) untilMs = Math.min(untilMs, this.inspector.usableUntilMs(at.validated));
    }
    return untilMs;
  }
}
