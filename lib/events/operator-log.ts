import { Logger } from '@nestjs/common';
import { clipped } from '../model/printable.js';
import type {
  CandidatesCutEvent,
  IdentityEvent,
  RefreshedEvent,
  RefreshFailedEvent,
  UserEvent,
} from './identity-event.js';
import { BudgetedLog } from './budgeted-log.js';
import { SeldomLog } from './seldom-log.js';
import { StoreLog } from './store-log.js';

/** Documents that are remembered, those that fail to log their recovery: with tenants, tokens decide how many there are. */
const MAX_REMEMBERED = 1_000;
/** Lines about failures of documents that were never fetched: whoever sends tokens may name a tenant in each. */
const NEVER_SERVED_IN_A_MINUTE = 20;

/** The few lines that an operator wants: failures of a provider, recoveries, and changes of keys. */
export class OperatorLog {
  private readonly logger = new Logger('IdentityModule');
  /** Documents that cannot be fetched, and why. */
  private readonly failing = new Map<string, string>();
  private readonly skipped = new Set<string>();
  /** Documents that were fetched before: their failures are always told. */
  private readonly served = new Set<string>();
  /** Clients decide how often this happens. */
  private readonly neverServed = new BudgetedLog((line) => this.logger.warn(line), NEVER_SERVED_IN_A_MINUTE);
  private readonly issuersFailed = new SeldomLog((line) => this.logger.warn(line));
  private readonly store = new StoreLog(this.logger);
  private readonly userRefused = new SeldomLog((line) => this.logger.warn(line));
  private readonly userFailed = new SeldomLog((line) => this.logger.error(line));

  write(event: IdentityEvent): void {
    switch (event.type) {
      case 'discovery.failed':
      case 'jwks.failed': {
        const subject = subjectOf(event);
        if (this.repeatsMetadata(event)) return;
        this.failing.delete(subject);
        this.failing.set(subject, event.reason);
        dropOldest(this.failing);
        const retry = `attempt ${String(event.failures)}, next in ${String(Math.ceil(event.retryInMs / 1000))} s`;
        const line = (): string =>
          `${documentOf(event)} of ${issuerOf(event)} could not be fetched (${retry}): ${printable(event.reason, 1_000)}`;
        if (this.served.has(subject)) this.logger.warn(line());
        else this.neverServed.add(line);
        return;
      }
      case 'discovery.refreshed':
      case 'jwks.refreshed':
        addBounded(this.served, subjectOf(event));
        if (this.failing.delete(subjectOf(event))) {
          this.logger.log(`${documentOf(event)} of ${issuerOf(event)} is available again`);
        }
        return;
      case 'issuers.failed':
        this.issuersFailed.add(() => `the function "issuers" failed: ${printable(event.reason, 500)}`);
        return;
      case 'store.failed':
      case 'store.recovered':
      case 'replays.full':
        this.store.write(event);
        return;
      case 'user.refused':
      case 'user.failed':
        this.writeUser(event.type, () => event);
        return;
      case 'jwks.rotated':
        this.logger.log(
          `keys of ${issuerOf(event)} changed: added ${list(event.added)}, removed ${list(event.removed)}`,
        );
        return;
      case 'jwks.key-skipped':
        this.warnOnce(issuerOf(event), event.kid ?? 'without id', event.reason);
        return;
      case 'jwks.candidates-cut':
        this.warnOfCut(event);
        return;
      case 'token.validated':
      case 'token.rejected':
      case 'request.rejected':
      case 'access.denied':
      case 'access.would-deny':
        return;
    }
  }

  /** @param make - called only if the line is written. */
  writeUser(type: UserEvent['type'], make: () => UserEvent): void {
    const lines = type === 'user.failed' ? this.userFailed : this.userRefused;
    const what = type === 'user.failed' ? 'failed for' : 'refused';
    lines.add(() => {
      const event = make();
      return `mapUser ${what} a valid token of ${issuerOf(event)}: ${printable(event.reason, 500)}`;
    });
  }

  warn(line: string): void {
    this.logger.warn(line);
  }

  info(line: string): void {
    this.logger.log(line);
  }

  /** Without metadata keys cannot be fetched, for the same reason: one line tells it. */
  private repeatsMetadata({ type, issuer, reason }: RefreshFailedEvent): boolean {
    const why = this.failing.get(subjectOf({ type: 'discovery.failed', issuer }));
    return type === 'jwks.failed' && why !== undefined && reason.includes(why);
  }

  /** A key that cannot be used is there at each refresh; one line tells it. */
  private warnOnce(issuer: string, kid: string, reason: string): void {
    this.writeOnce(`key ${printable(kid)} of ${issuer} is not used: ${reason}`);
  }

  private warnOfCut({ issuer, alg, kid, fitting, tried }: CandidatesCutEvent): void {
    const which = kid === undefined ? 'without "kid"' : `with the "kid" ${printable(kid)}`;
    const name = printable(issuer, 300);
    this.writeOnce(
      `${String(fitting)} keys of ${name} fit ${alg} tokens ${which}; only the first ${String(tried)} are tried`,
    );
  }

  private writeOnce(line: string): void {
    if (this.skipped.has(line) || this.skipped.size >= 1_000) return;
    this.skipped.add(line);
    this.logger.warn(line);
  }
}

/** The one that was added last stays the longest. */
function addBounded(set: Set<string>, subject: string): void {
  set.delete(subject);
  set.add(subject);
  dropOldest(set);
}

function dropOldest(documents: Set<string> | Map<string, string>): void {
  if (documents.size <= MAX_REMEMBERED) return;
  for (const oldest of documents.keys()) {
    documents.delete(oldest);
    break;
  }
}

function subjectOf(event: Pick<RefreshFailedEvent | RefreshedEvent, 'type' | 'issuer'>): string {
  return `${documentOf(event)} ${event.issuer}`;
}

/** A tenant's name came with a token, and a predicate of the application let it through. */
function issuerOf(event: { readonly issuer: string }): string {
  return printable(event.issuer, 300);
}

function documentOf(event: Pick<IdentityEvent, 'type'>): string {
  return event.type.startsWith('discovery') ? 'metadata' : 'key set';
}

function list(kids: readonly string[]): string {
  return kids.length === 0
    ? 'none'
    : kids
        .slice(0, 10)
        .map((kid) => printable(kid))
        .join(', ');
}

/** It comes from the network. */
function printable(text: string, maxLength = 100): string {
  return clipped(text, maxLength);
}
