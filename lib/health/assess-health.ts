import type { ReadThresholds } from './health-thresholds.js';

/** Why an instance is not in full health. */
export type HealthReason = 'issuer_not_serving' | 'keys_stale' | 'hit_rate_low' | 'store_unavailable';

export interface HealthAssessment {
  readonly status: 'up' | 'degraded' | 'down';
  readonly reasons: readonly HealthReason[];
}

interface Facts {
  readonly issuers: readonly { readonly serving: boolean; readonly staleMs: number }[];
  /** Key look-ups of the window. */
  readonly lookUps: { readonly hits: number; readonly misses: number; readonly hitRate: number };
  /** Whether the store that replicas share answers; true if there is none. */
  readonly storeAvailable: boolean;
}

/**
 * Down only if no issuer can serve at all. While the last good keys serve, an outage of the provider takes no instance out of
 * rotation: it hits all instances alike.
 */
export function assessHealth(
  { issuers, lookUps, storeAvailable }: Facts,
  thresholds: ReadThresholds,
): HealthAssessment {
  const reasons: HealthReason[] = [];
  const serving = issuers.filter((issuer) => issuer.serving);
  if (serving.length < issuers.length) reasons.push('issuer_not_serving');
  if (serving.some(({ staleMs }) => staleMs > thresholds.maxStaleMs)) reasons.push('keys_stale');
  const enough = lookUps.hits + lookUps.misses >= Math.max(1, thresholds.minLookUps);
  if (enough && lookUps.hitRate < thresholds.minHitRate) reasons.push('hit_rate_low');
  // No reason to take an instance out of rotation: the store fails all of them alike, and tokens without a proof need none.
  if (!storeAvailable) reasons.push('store_unavailable');
  if (issuers.length > 0 && serving.length === 0) return { status: 'down', reasons };
  return { status: reasons.length === 0 ? 'up' : 'degraded', reasons };
}
