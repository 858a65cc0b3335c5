import type { EntryState } from '../cache/value-source.js';
import type { DenialCount } from '../metrics/denials.js';
import type { PerCache, PeriodStats } from '../metrics/period-stats.js';
import type { StoreResultCount } from '../metrics/store-counts.js';
import type { ReportedRoute } from '../metrics/reported-routes.js';
import type { ResourceUse } from '../metrics/resource-use.js';
import type { SenderCount } from '../metrics/sender-counts.js';
import type { WouldDenyCount } from '../metrics/would-deny-counts.js';
import type { ResultCount } from '../metrics/validation-results.js';

/** The keys of an issuer. */
export interface KeySetSnapshot extends EntryState {
  /** Keys that can verify signatures. */
  readonly keys: number;
  /** How many different sets there have been; 0 before the first. */
  readonly generation: number;
}

/** One issuer, since the start. */
export interface IssuerSnapshot {
  readonly issuer: string;
  /** Whether the configuration names it: if not, it is a tenant. */
  readonly configured: boolean;
  readonly results: readonly ResultCount[];
  /** Denials of its valid tokens by guards. */
  readonly denials: readonly DenialCount[];
  /** Calls with its valid tokens that a requirement would have denied, if it were enforced. */
  readonly wouldDeny: readonly WouldDenyCount[];
  /** Its valid tokens, bearer tokens and bound ones; none while `senderConstrained` is `reject`. */
  readonly senders: readonly SenderCount[];
  readonly keySet: KeySetSnapshot;
  /** Absent if the configuration names the keys or their URL. */
  readonly metadata?: EntryState;
}

/** The store that replicas share, since the start. */
export interface StoreSnapshot {
  /** Whether the last question was answered. */
  readonly available: boolean;
  /** Failures in a row. */
  readonly failures: number;
  readonly results: readonly StoreResultCount[];
}

/** Everything that is measured, at one moment. */
export interface IdentitySnapshot {
  readonly sinceStart: PeriodStats;
  /** The last five minutes, to ten seconds. */
  readonly window: PeriodStats;
  /** Configured issuers, and tenants that are known now. */
  readonly issuers: readonly IssuerSnapshot[];
  /** Tokens that named no accepted issuer. */
  readonly other: readonly ResultCount[];
  /** Denials of requests without a token. */
  readonly otherDenials: readonly DenialCount[];
  /** Absent without the option `store`. */
  readonly store?: StoreSnapshot;
  /** Calls without a token that a requirement would have denied, if it were enforced. */
  readonly otherWouldDeny: readonly WouldDenyCount[];
  /** Routes with requirements that are only reported, since the first call of each. */
  readonly reported: readonly ReportedRoute[];
  /** The protected resources of the API, since the start; none if it is a single one. */
  readonly resources: readonly ResourceUse[];
  readonly entries: PerCache<{ readonly size: number; readonly maxSize: number }>;
}
