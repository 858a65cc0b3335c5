import { Get, Inject, Logger, Post, Req, Res } from '@nestjs/common';
import { latestDecision } from '../transports/decisions.js';
import { DiscoveryService } from '../issuers/discovery.service.js';
import { describeError, IdentityError } from '../errors/identity-error.js';
import { JwksService } from '../issuers/jwks.service.js';
import { isJsonObject } from '../model/json.js';
import { clipped } from '../model/printable.js';
import { TokenInspector } from '../validation/token-inspector.js';
import { DashboardRecorder } from './dashboard-recorder.js';
import { DashboardHistory } from './history.js';
import { sendJson, takeOver, type DashboardRequest, type DashboardResponse } from './http-exchange.js';
import { LiveStreams } from './live-streams.js';
import { rejectCrossSiteRead, rejectCrossSiteWrite } from './csrf-protection.js';

/** A tenant's name came with a token. */
const MAX_ISSUER = 300;
/** Longest text of an error that goes to the page. */
const MAX_REASON = 500;
/** When a page that found no place may try again. */
const RETRY_AFTER_SEC = 10;

/** What the page shows and does. The guard has let the request in. */
export class DataController {
  private readonly logger = new Logger('IdentityDashboard');

  constructor(
    @Inject(DashboardRecorder) private readonly recorder: DashboardRecorder,
    @Inject(DashboardHistory) private readonly history: DashboardHistory,
    @Inject(LiveStreams) private readonly streams: LiveStreams,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(JwksService) private readonly jwks: JwksService,
    @Inject(TokenInspector) private readonly inspector: TokenInspector,
  ) {}

  @Get('snapshot')
  snapshot(@Req() request: DashboardRequest, @Res() response: DashboardResponse): void {
    if (isRefused(response, rejectCrossSiteRead(request.headers))) return;
    sendJson(response, 200, { state: this.recorder.state(), history: this.history.points() });
  }

  @Get('events')
  events(@Req() request: DashboardRequest, @Res() response: DashboardResponse): void {
    if (isRefused(response, rejectCrossSiteRead(request.headers))) return;
    // Fastify and Express answer HEAD with the route of GET: there is nothing to hold open.
    if (request.method !== 'GET') return sendJson(response, 200, {});
    if (this.streams.isFull) {
      return sendJson(response, 503, { code: 'too_many_streams' }, { 'Retry-After': RETRY_AFTER_SEC });
    }
    this.recorder.open(takeOver(response), this.usableUntilMs(request));
  }

  @Post('refresh')
  async refresh(@Req() request: DashboardRequest, @Res() response: DashboardResponse): Promise<void> {
    await this.act('refresh', request, response, async (issuer, hasMetadata) => {
      if (hasMetadata) await this.discovery.refresh(issuer);
      await this.jwks.refresh(issuer);
    });
  }

  @Post('replace-keys')
  async replaceKeys(@Req() request: DashboardRequest, @Res() response: DashboardResponse): Promise<void> {
    await this.act('replacement of all keys', request, response, (issuer) => this.jwks.replace(issuer));
  }

  @Post('explain')
  async explain(@Req() request: DashboardRequest, @Res() response: DashboardResponse): Promise<void> {
    if (isRefused(response, rejectCrossSiteWrite(request.headers))) return;
    const token = memberOf(request.body, 'token');
    if (token === undefined) return sendJson(response, 400, { code: 'token_missing' });
    // How long and how deep a token may be, its parser bounds.
    sendJson(response, 200, await this.inspector.explain(token));
  }

  private async act(
    what: string,
    { headers, body }: DashboardRequest,
    response: DashboardResponse,
    run: (issuer: string, hasMetadata: boolean) => Promise<unknown>,
  ): Promise<void> {
    if (isRefused(response, rejectCrossSiteWrite(headers))) return;
    const issuer = memberOf(body, 'issuer');
    const known = this.recorder.find(issuer);
    if (known === undefined) return sendJson(response, 404, { code: 'issuer_unknown' });
    this.logger.log(`${what} asked for: ${clipped(known.issuer, MAX_ISSUER)}`);
    try {
      await run(known.issuer, known.metadata !== undefined);
    } catch (error) {
      const code = error instanceof IdentityError ? error.code : 'check_failed';
      return sendJson(response, 503, { code, reason: clipped(describeError(error), MAX_REASON) });
    }
    sendJson(response, 200, { state: this.recorder.state() });
  }

  /** What a guard of the application's own goes by, only that guard knows. */
  private usableUntilMs(request: DashboardRequest): number {
    let untilMs = Infinity;
    for (let at = latestDecision(request); at !== undefined; at = at.earlier) {
      if (at.validated !== undefined) untilMs = Math.min(untilMs, this.inspector.usableUntilMs(at.validated));
    }
    return untilMs;
  }
}

function isRefused(response: DashboardResponse, reason: string | undefined): boolean {
  if (reason !== undefined) sendJson(response, 403, { code: reason });
  return reason !== undefined;
}

function memberOf(body: unknown, name: string): string | undefined {
  const value = isJsonObject(body) ? body[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
