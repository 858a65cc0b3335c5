import { Inject, Logger, Post, Req, Res } from '@nestjs/common';
import { describeError, IdentityError } from '../errors/identity-error.js';
import { DiscoveryService } from '../issuers/discovery.service.js';
import { JwksService } from '../issuers/jwks.service.js';
import { isJsonObject } from '../model/json.js';
import { clipped } from '../model/printable.js';
import { TokenInspector } from '../validation/token-inspector.js';
import { rejectCrossSiteWrite } from './csrf-protection.js';
import { isRejected, sendJson, type DashboardRequest, type DashboardResponse } from './http-exchange.js';
import { StateReader } from './state-reader.js';

/** A tenant's name came with a token. */
const MAX_ISSUER = 300;
/** Longest text of an error that goes to the page. */
const MAX_REASON = 500;

/** What the page's buttons do. The guard has let the request in; each action checks that the page sent it. */
export class ActionsController {
  private readonly logger = new Logger('IdentityDashboard');

  constructor(
    @Inject(StateReader) private readonly states: StateReader,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(JwksService) private readonly jwks: JwksService,
    @Inject(TokenInspector) private readonly inspector: TokenInspector,
  ) {}

  /** Metadata first: they say where the keys are. Conditional requests; a provider that has nothing new answers 304. */
  @Post('refresh')
  async refresh(@Req() request: DashboardRequest, @Res() response: DashboardResponse): Promise<void> {
    await this.act('refresh', request, response, async (issuer, hasMetadata) => {
      if (hasMetadata) await this.discovery.refresh(issuer);
      await this.jwks.refresh(issuer);
    });
  }

  /** For a key that was compromised: what is cached counts for nothing, and no cache on the way may answer. */
  @Post('replace-keys')
  async replaceKeys(@Req() request: DashboardRequest, @Res() response: DashboardResponse): Promise<void> {
    await this.act('replacement of all keys', request, response, (issuer) => this.jwks.replace(issuer));
  }

  /** The token is in the body, not in the URL, which logs keep. It is explained and forgotten. */
  @Post('explain')
  async explain(@Req() request: DashboardRequest, @Res() response: DashboardResponse): Promise<void> {
    if (isRejected(response, rejectCrossSiteWrite(request.headers))) return;
    const token = memberOf(request.body, 'token');
    if (token === undefined) return sendJson(response, 400, { code: 'token_missing' });
    // How long and how deep a token may be, its parser bounds.
    sendJson(response, 200, await this.inspector.explain(token));
  }

  /** An action names an issuer that the page shows: nobody can have an issuer of their choice asked for. */
  private async act(
    action: string,
    { headers, body }: DashboardRequest,
    response: DashboardResponse,
    run: (issuer: string, hasMetadata: boolean) => Promise<unknown>,
  ): Promise<void> {
    if (isRejected(response, rejectCrossSiteWrite(headers))) return;
    const known = this.states.find(memberOf(body, 'issuer'));
    if (known === undefined) return sendJson(response, 404, { code: 'issuer_unknown' });
    this.logger.log(`${action} asked for: ${clipped(known.issuer, MAX_ISSUER)}`);
    try {
      await run(known.issuer, known.metadata !== undefined);
    } catch (error) {
      const code = error instanceof IdentityError ? error.code : 'check_failed';
      return sendJson(response, 503, { code, reason: clipped(describeError(error), MAX_REASON) });
    }
    sendJson(response, 200, { state: this.states.read() });
  }
}

function memberOf(body: unknown, name: string): string | undefined {
  const value = isJsonObject(body) ? body[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
