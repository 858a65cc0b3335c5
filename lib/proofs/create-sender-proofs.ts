import type { FactoryProvider } from '@nestjs/common';
import { CLOCK, type Clock } from '../cache/clock.js';
import { EventReporter } from '../events/event-reporter.js';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { ReplayGuard } from '../store/replay-guard.js';
import { SHARED_STORE } from '../store/shared-store-provider.js';
import type { SharedStore } from '../store/shared-store.js';
import { DpopVerifier } from './dpop-verifier.js';
import { ProofKeys } from './proof-keys.js';
import { ProofNonces } from './proof-nonces.js';
import { SENDER_PROOFS, SenderProofs } from './sender-proofs.js';

/** null if the options accept no tokens that are bound to a key. */
export const senderProofsProvider: FactoryProvider<SenderProofs | null> = {
  provide: SENDER_PROOFS,
  inject: [RESOLVED_OPTIONS, CLOCK, EventReporter, SHARED_STORE, MetricsRecorder],
  useFactory: (
    options: ResolvedOptions,
    clock: Clock,
    reporter: EventReporter,
    store: SharedStore | null,
    metrics: MetricsRecorder,
  ): SenderProofs | null => {
    if (options.senderConstrained === 'reject') return null;
    const shared = store ?? undefined;
    return new SenderProofs(
      createVerifier(options, { store: shared, clock, reporter }),
      options.store?.keySpace ?? options.store,
      (sender, { issuer, claims }) => metrics.recordSender(issuer, sender, options.clientNames.of(claims)),
    );
  },
};

interface Parts {
  readonly store: SharedStore | undefined;
  readonly clock: Clock;
  readonly reporter: EventReporter;
}

/** undefined if no proofs are accepted. */
function createVerifier({ publicUrl, dpop }: ResolvedOptions, given: Parts): DpopVerifier | undefined {
  // The rules of the options demand the URL; without it every proof would fail.
  if (dpop === undefined || publicUrl === undefined) return undefined;
  const { algorithms, maxAgeMs, clockToleranceMs, nonce, onStoreFailure } = dpop;
  const { maxProofs: maxEntries, maxProofsPerKey: maxPerOwner } = dpop;
  const memory = { ...given, onStoreFailure, maxEntries, maxPerOwner };
  const base = publicUrl.replace(/\/$/, '');
  const rules = {
    algorithms,
    maxAgeMs,
    clockToleranceMs,
    publicUrl: base,
    nonces: nonce && new ProofNonces({ ...nonce, clockToleranceMs, publicUrl: base }),
    replay: dpop.replay === 'once' ? new ReplayGuard('dpop', memory) : undefined,
  };
  return new DpopVerifier(rules, new ProofKeys(), given.clock);
}
