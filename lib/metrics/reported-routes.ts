import type { DenialCode } from './denials.js';

/** A route with requirements that are only reported, since the start. */
export interface ReportedRoute {
  /** `Class.method`. */
  readonly route: string;
  /** Calls that were allowed, and that these requirements were compared with. */
  readonly calls: number;
  /** One row for each requirement that was not met, by client; empty if all calls met all of them. */
  readonly wouldDeny: readonly RouteWouldDeny[];
}

export interface RouteWouldDeny {
  readonly code: DenialCode;
  /** A name of the option `clientNames`; `other` for clients without one, `none` if no client is named. */
  readonly client: string;
  readonly count: number;
  /** When it happened last, in milliseconds since 1970. */
  readonly lastAtMs: number;
}

/** Beyond that, the code of the application has more routes than anybody reads a table of. */
const MAX_ROUTES = 1_000;

interface Row {
  calls: number;
  readonly wouldDeny: Map<string, RouteWouldDeny>;
}

/** Counts by route. Routes are the code's, codes are a table, and names of clients are configured: tokens add no rows. */
export class ReportedRoutes {
  private readonly routes = new Map<string, Row>();

  /** A call was allowed. */
  addCall(route: string): void {
    const row = this.rowOf(route);
    if (row !== undefined) row.calls++;
  }

  /** A requirement would have denied it. */
  add(
    route: string,
    { code, client, atMs }: Pick<RouteWouldDeny, 'code' | 'client'> & { atMs: number },
  ): void {
    const row = this.rowOf(route);
    if (row === undefined) return;
    const key = `${code} ${client}`;
    const count = (row.wouldDeny.get(key)?.count ?? 0) + 1;
    row.wouldDeny.set(key, { code, client, count, lastAtMs: atMs });
  }

  rows(): readonly ReportedRoute[] {
    return [...this.routes].map(([route, { calls, wouldDeny }]) => ({
      route,
      calls,
      wouldDeny: [...wouldDeny.values()],
    }));
  }

  private rowOf(route: string): Row | undefined {
    const known = this.routes.get(route);
    if (known !== undefined || this.routes.size >= MAX_ROUTES) return known;
    const row: Row = { calls: 0, wouldDeny: new Map() };
    this.routes.set(route, row);
    return row;
  }
}
