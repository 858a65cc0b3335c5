import { Get, Inject, Param, Req, Res } from '@nestjs/common';
import { readAsset, renderPage } from './assets.js';
import { DASHBOARD_OPTIONS, type ResolvedDashboardOptions } from './dashboard-options.js';
import { send, sendJson, type DashboardRequest, type DashboardResponse } from './http-exchange.js';
import { PAGE_HEADERS } from './response-headers.js';

/** The page and its files. They hold no data, and of the configuration only what the form has to ask for. */
export class PageController {
  constructor(@Inject(DASHBOARD_OPTIONS) private readonly options: ResolvedDashboardOptions) {}

  @Get()
  page(@Req() request: DashboardRequest, @Res() response: DashboardResponse): void {
    const { path, protection } = this.options;
    const [pathname = ''] = (request.originalUrl ?? request.url).split('?');
    // Relative to the URL in the browser, which may have a prefix of a proxy that nobody told us.
    const base = pathname.endsWith('/') ? '' : `${path.replace(/^.*\//, '')}/`;
    const body =
      protection.kind === 'scopes'
        ? renderPage({ base, mode: 'token', scopes: protection.scopes })
        : renderPage({ base, mode: 'guard', scopes: [] });
    send(response, 200, { ...PAGE_HEADERS, 'Content-Type': 'text/html; charset=utf-8' }, body);
  }

  @Get('assets/:name')
  asset(@Param('name') name: string, @Res() response: DashboardResponse): void {
    const asset = readAsset(name);
    if (asset === undefined) return sendJson(response, 404, { code: 'not_found' });
    send(response, 200, { ...PAGE_HEADERS, 'Content-Type': asset.type }, asset.body);
  }
}
