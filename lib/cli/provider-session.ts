import { systemClock } from '../cache/clock.js';
import { DiscoveryService } from '../issuers/discovery.service.js';
import { EventReporter } from '../events/event-reporter.js';
import { IdentityEvents } from '../events/identity-events.js';
import { createDispatcher } from '../http/dispatcher.js';
import { HttpClients } from '../http/http-clients.js';
import type { SkippedKey } from '../jwks/import-key.js';
import { JwksService } from '../issuers/jwks.service.js';
import { IssuerRegistry } from '../issuers/issuer-registry.js';
import type { IdentityModuleOptions } from '../options/module-options.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { ResolvedIssuer, ResolvedOptions } from '../options/resolved-options.js';
import { ExchangeRecorder } from './exchange-recorder.js';

/** The services of the module for one issuer, without an application around them. */
export interface ProviderSession {
  readonly options: ResolvedOptions;
  readonly issuer: ResolvedIssuer;
  readonly recorder: ExchangeRecorder;
  readonly discovery: DiscoveryService;
  readonly jwks: JwksService;
  readonly directory: IssuerRegistry;
  /** Keys that were not used so far: a set without a usable key is not handed out, and these are why. */
  readonly skipped: readonly SkippedKey[];
  close(): Promise<void>;
}

/**
 * The same code that an application runs, so that it finds what the application would; its requests are
 * listened to.
 *
 * @throws {IdentityError} `options_invalid`.
 */
export function openSession(raw: IdentityModuleOptions): ProviderSession {
  const resolved = resolveOptions(raw);
  const [configured] = resolved.issuers;
  if (configured === undefined) throw new Error('resolved options without an issuer');
  // The listening pool takes the place of the application's dispatcher. No retries: a person waits, and wants to see the
  // first failure.
  const recorder = new ExchangeRecorder();
  const pool = createDispatcher(configured.http);
  const issuer: ResolvedIssuer = {
    ...configured,
    http: { ...configured.http, retries: 0, dispatcher: recorder.over(pool) },
  };
  const options: ResolvedOptions = { ...resolved, issuers: [issuer] };
  const reporter = new EventReporter(new IdentityEvents());
  const skipped: SkippedKey[] = [];
  reporter.listen((event) => {
    if (event.type === 'jwks.key-skipped') skipped.push({ kid: event.kid, reason: event.reason });
  });
  const clients = new HttpClients(1, systemClock);
  const directory = new IssuerRegistry(options, clients, systemClock, reporter);
  const metrics = new MetricsRegistry();
  const discovery = new DiscoveryService(directory, metrics);
  const jwks = new JwksService(options, directory, systemClock, metrics);
  return {
    options,
    issuer,
    recorder,
    discovery,
    jwks,
    directory,
    skipped,
    close: async () => {
      directory.close();
      await clients.close();
      await pool.destroy();
    },
  };
}
