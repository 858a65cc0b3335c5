import type { EntryState } from '../cache/value-source.js';
import type { CacheState } from '../cache/serving-policy.js';
import { ERROR_CODES, type ErrorKind } from '../errors/error-codes.js';
import { isWithoutToken, deniedByRoutes, type DenialCount } from '../metrics/denials.js';
import type { DurationStats } from '../metrics/duration-histogram.js';
import type { LookUps, PerCache, PeriodStats, RequestCount } from '../metrics/period-stats.js';
import type { IdentitySnapshot, IssuerSnapshot } from '../stats/identity-snapshot.js';
import type { ReportedRoute, RouteWouldDeny } from '../metrics/reported-routes.js';
import type { ResourceUse } from '../metrics/resource-use.js';
import type { ResultCount } from '../metrics/validation-results.js';
import { faultsIn } from './history-point.js';
import type { Incident, OngoingFault } from './incident-log.js';
import type { KeyRecord } from './key-timeline.js';
import { senderRows, type SenderRow } from './sender-rows.js';

/** A document of a provider in the cache. Times in milliseconds since 1970. */
export interface DocumentState {
  readonly state: CacheState;
  readonly ageMs: number | undefined;
  readonly nextRefreshAtMs: number | undefined;
  readonly failures: number;
}

export interface IssuerState {
  readonly issuer: string;
  readonly configured: boolean;
  readonly keySet: DocumentState & { readonly count: number };
  readonly metadata: DocumentState | undefined;
  readonly faults: readonly OngoingFault[];
  readonly keys: readonly KeyRecord[];
  /** Keys that are not in the list, which is bounded. */
  readonly moreKeys: number;
}

/** Rejections of one kind, in the window. */
export interface Rejection {
  readonly code: string;
  readonly meaning: string;
  /** `rejected`, or one that says that the token could not be decided. */
  readonly kind: ErrorKind;
  /** Whether the signature was verified before: if not, anybody can have sent it. */
  readonly verified: boolean;
  readonly count: number;
}

/** A route with requirements that are only reported. */
export interface ReportedRouteState {
  readonly route: string;
  /** Calls that these requirements were compared with. */
  readonly calls: number;
  readonly wouldDeny: readonly (RouteWouldDeny & { readonly meaning: string })[];
}

/** The process that answers: behind a load balancer, one of several. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
}

/** Everything the page shows besides its history. Holds no token and no claim. */
export interface DashboardState {
  readonly nowMs: number;
  readonly process: ProcessIdentity;
  readonly window: {
    readonly lengthMs: number;
    readonly total: number;
    readonly accepted: number;
    readonly perSecond: number;
    readonly latency: DurationStats;
    readonly rejections: readonly Rejection[];
    readonly caches: PerCache<LookUps>;
    readonly requests: readonly RequestCount[];
    readonly faults: number;
    readonly requestDurations: PeriodStats['requests']['durations'];
  };
  readonly entries: IdentitySnapshot['entries'];
  readonly issuers: readonly IssuerState[];
  /** Tenants that are not in the list, which is bounded. */
  readonly moreIssuers: number;
  /** Over all issuers, those that are not in the list included. */
  readonly serving: { readonly fresh: number; readonly total: number };
  readonly incidents: readonly Incident[];
  /** What would be refused if it were enforced, since the start: routes with requirements that are only reported. */
  readonly reported: readonly ReportedRouteState[];
  /** Routes that are not in the list, which is bounded. */
  readonly moreReported: number;
  /** Since the start; none if the API is a single resource. */
  readonly resources: readonly ResourceUse[];
  /** Since the start; none while only bearer tokens are accepted. */
  readonly senders: readonly SenderRow[];
  /** Clients that are not in the list, which is bounded. */
  readonly moreSenders: number;
}

export interface StateSources {
  readonly snapshot: IdentitySnapshot;
  readonly nowMs: number;
  readonly process: ProcessIdentity;
  readonly keysOf: (issuer: string) => readonly KeyRecord[];
  readonly faultsOf: (issuer: string) => readonly OngoingFault[];
  readonly incidents: readonly Incident[];
}

/** Tenants may be many, and the state goes to each open page every two seconds. */
const MAX_ISSUERS = 100;
/** With `requirementMode: 'report'` all routes of an application may be reported. */
const MAX_ROUTES = 50;
/** Names of clients are as many as the option `clientNames` has. */
const MAX_CLIENTS = 50;
/** Keys of one issuer that are listed; the count beside them is of all. */
const MAX_KEYS = 64;

/** Pure: all that it needs is handed in, the time included. */
export function dashboardState(sources: StateSources): DashboardState {
  const { snapshot, nowMs, process, incidents } = sources;
  const { window, issuers, entries, reported, resources } = snapshot;
  const { results, total, perSecond, durations } = window.validations;
  const senders = senderRows(issuers.flatMap((each) => each.senders));
  return {
    nowMs,
    process,
    window: {
      lengthMs: window.lengthMs,
      total,
      // A validation counts a token that a route denies as accepted: for people it was not.
      accepted: Math.max(0, acceptedIn(results) - deniedByRoutes(window.denials)),
      perSecond,
      latency: durations.ok,
      rejections: [...results.flatMap(rejectionOf), ...window.denials.flatMap(denialOf)].toSorted(byWeight),
      caches: window.caches,
      requests: window.requests.results,
      faults: faultsIn(window),
      requestDurations: window.requests.durations,
    },
    entries,
    issuers: issuers
      .toSorted((a, b) => troubleOf(b) - troubleOf(a))
      .slice(0, MAX_ISSUERS)
      .map((issuer) => issuerState(issuer, sources)),
    moreIssuers: Math.max(0, issuers.length - MAX_ISSUERS),
    serving: { fresh: issuers.filter((each) => troubleOf(each) === 1).length, total: issuers.length },
    incidents,
    reported: reported.toSorted(byDenials).slice(0, MAX_ROUTES).map(reportedState),
    moreReported: Math.max(0, reported.length - MAX_ROUTES),
    resources,
    senders: senders.slice(0, MAX_CLIENTS),
    moreSenders: Math.max(0, senders.length - MAX_CLIENTS),
  };
}

/** Routes that enforcing would break come first. */
function byDenials(a: ReportedRoute, b: ReportedRoute): number {
  return denialsOf(b) - denialsOf(a);
}

function denialsOf({ wouldDeny }: ReportedRoute): number {
  return wouldDeny.reduce((all, { count }) => all + count, 0);
}

function reportedState({ route, calls, wouldDeny }: ReportedRoute): ReportedRouteState {
  return {
    route,
    calls,
    wouldDeny: wouldDeny
      .toSorted((a, b) => b.count - a.count)
      .map((each) => ({ ...each, meaning: ERROR_CODES[each.code].meaning })),
  };
}

function acceptedIn(results: readonly ResultCount[]): number {
  return results.find(({ result }) => result === 'ok')?.count ?? 0;
}

/** Requests without a token come last, however many: they say nothing of anybody's tokens. */
function byWeight(a: Rejection, b: Rejection): number {
  return Number(isWithoutToken(a.code)) - Number(isWithoutToken(b.code)) || b.count - a.count;
}

/** Denials after a validation are those of verified tokens; the others had no token to verify. */
function denialOf({ code, count }: DenialCount): Rejection[] {
  if (count === 0) return [];
  const { meaning, kind } = ERROR_CODES[code];
  return [{ code, meaning, kind, verified: !isWithoutToken(code), count }];
}

/** Verified and unverified ones stay apart: only the verified ones can be the fault of a client that you know. */
function rejectionOf({ result, verified, count }: ResultCount): Rejection[] {
  if (result === 'ok' || count === 0) return [];
  const { meaning, kind } = ERROR_CODES[result];
  return [{ code: result, meaning, kind, verified, count }];
}

/** The list is bounded: what cannot serve stands in it, however many others there are. */
function troubleOf({ keySet, metadata }: IssuerSnapshot): number {
  if (keySet.state === 'expired') return 4;
  // Cold without a failure was never asked for: an idle tenant is no trouble.
  if (keySet.state === 'cold') return keySet.failures > 0 ? 4 : 0;
  if (keySet.failures > 0) return 3;
  if (keySet.state === 'stale') return 2;
  return (metadata?.failures ?? 0) > 0 ? 2 : 1;
}

function issuerState(
  { issuer, configured, keySet, metadata }: IssuerSnapshot,
  sources: StateSources,
): IssuerState {
  const keys = sources.keysOf(issuer);
  return {
    issuer,
    configured,
    keySet: { ...documentState(keySet), count: keySet.keys },
    metadata: metadata && documentState(metadata),
    faults: sources.faultsOf(issuer),
    keys: keys.slice(0, MAX_KEYS),
    moreKeys: Math.max(0, keys.length - MAX_KEYS),
  };
}

function documentState({ state, ageMs, nextRefreshAt, failures }: EntryState): DocumentState {
  return { state, ageMs, nextRefreshAtMs: nextRefreshAt?.getTime(), failures };
}
