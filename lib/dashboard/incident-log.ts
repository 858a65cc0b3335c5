import { LRUCache } from 'lru-cache';
import type {
  IdentityEvent,
  ReplaysFullEvent,
  StoreFailedEvent,
  StoreRecoveredEvent,
} from '../events/identity-event.js';
import { clipped } from '../model/printable.js';
import { Ring } from './ring.js';

/** Something seldom that an operator wants to know. */
export type Incident = { readonly atMs: number } & (
  | {
      readonly kind: 'rotated';
      readonly issuer: string;
      readonly added: readonly string[];
      readonly removed: readonly string[];
      readonly addedCount: number;
      readonly removedCount: number;
    }
  | { readonly kind: 'failed'; readonly issuer: string; readonly document: Document; readonly reason: string }
  | { readonly kind: 'recovered'; readonly issuer: string; readonly document: Document }
  | { readonly kind: 'issuers-failed' | 'store-failed'; readonly reason: string }
  | { readonly kind: 'store-recovered' | 'replays-full' | 'replays-full-of-key' }
);

/** A document of a provider that could not be fetched. */
export interface OngoingFault {
  readonly document: Document;
  readonly reason: string;
  readonly sinceMs: number;
}

/** About what replicas share. */
type StoreEvent = StoreFailedEvent | StoreRecoveredEvent | ReplaysFullEvent;

type Document = 'metadata' | 'keys';
const DOCUMENTS = ['metadata', 'keys'] as const;
type Faults = Readonly<Partial<Record<Document, OngoingFault>>>;

// Each list has a bound of its own, so that a noisy kind does not drive out the others. All texts come from outside.
const MAX_INCIDENTS = 100;
const MAX_ROTATIONS = 50;
const MAX_FAULTY_ISSUERS = 512;
/** A set may be new altogether; `count` tells how many. */
const MAX_KIDS = 5;
const MAX_KID = 64;
const MAX_TEXT = 300;
/** Least time between two lines about the function `issuers`, and about the store. */
const FAULT_PAUSE_MS = 60_000;

/** Rotations, outages and their ends; bounded, and free of anything that is told at each request. */
export class IncidentLog {
  private readonly ring = new Ring<Incident>(MAX_INCIDENTS);
  /** For themselves: a provider that comes and goes must not drive them out. */
  private readonly rotations = new Ring<Incident>(MAX_ROTATIONS);
  private readonly ongoing = new LRUCache<string, Faults>({ max: MAX_FAULTY_ISSUERS });
  private lastIssuersFaultMs = -Infinity;
  private lastStoreFaultMs = -Infinity;
  private isStoreFaultTold = false;

  record(event: IdentityEvent, atMs: number): void {
    switch (event.type) {
      case 'jwks.rotated': {
        this.rotations.push({
          kind: 'rotated',
          issuer: clip(event.issuer),
          added: event.added.slice(0, MAX_KIDS).map((kid) => clip(kid, MAX_KID)),
          removed: event.removed.slice(0, MAX_KIDS).map((kid) => clip(kid, MAX_KID)),
          addedCount: event.added.length,
          removedCount: event.removed.length,
          atMs,
        });
        return;
      }
      case 'discovery.failed':
      case 'jwks.failed':
        this.fail(event.issuer, documentOf(event.type), clip(event.reason), atMs);
        return;
      case 'discovery.refreshed':
      case 'jwks.refreshed':
        this.recover(event.issuer, documentOf(event.type), atMs);
        return;
      case 'issuers.failed':
        // Whoever sends tokens decides how often it happens.
        if (Math.abs(atMs - this.lastIssuersFaultMs) < FAULT_PAUSE_MS) return;
        this.lastIssuersFaultMs = atMs;
        this.ring.push({ kind: 'issuers-failed', reason: clip(event.reason), atMs });
        return;
      case 'store.failed':
      case 'store.recovered':
      case 'replays.full':
        this.recordStore(event, atMs);
        return;
      // Each request or each refresh reports these again: they are no incidents.
      case 'jwks.key-skipped':
      case 'jwks.candidates-cut':
      case 'token.validated':
      case 'token.rejected':
      case 'request.rejected':
      case 'access.denied':
      case 'access.would-deny':
      case 'user.failed':
      case 'user.refused':
        return;
    }
  }

  /** One that fails and answers in turns would drive all others out: its failures are a minute apart. */
  private recordStore(event: StoreEvent, atMs: number): void {
    if (event.type === 'replays.full') {
      this.ring.push({ kind: event.ofOneKey ? 'replays-full-of-key' : 'replays-full', atMs });
    } else if (event.type === 'store.recovered') {
      if (this.isStoreFaultTold) this.ring.push({ kind: 'store-recovered', atMs });
      this.isStoreFaultTold = false;
    } else if (!this.isStoreFaultTold && Math.abs(atMs - this.lastStoreFaultMs) >= FAULT_PAUSE_MS) {
      this.isStoreFaultTold = true;
      this.lastStoreFaultMs = atMs;
      this.ring.push({ kind: 'store-failed', reason: clip(event.reason), atMs });
    }
  }

  /** Newest first. */
  incidents(): readonly Incident[] {
    // A rotation is reported after the recovery that brought it.
    return [...this.rotations.items().toReversed(), ...this.ring.items().toReversed()].toSorted(
      (a, b) => b.atMs - a.atMs,
    );
  }

  faultsOf(issuer: string): readonly OngoingFault[] {
    const faults = this.ongoing.peek(issuer);
    return DOCUMENTS.flatMap((document) => faults?.[document] ?? []);
  }

  /** An outage is one line, however many attempts it takes. */
  private fail(issuer: string, document: Document, reason: string, atMs: number): void {
    const faults = this.ongoing.get(issuer);
    const known = faults?.[document];
    this.ongoing.set(issuer, {
      ...faults,
      [document]: { document, reason, sinceMs: known?.sinceMs ?? atMs },
    });
    if (known === undefined) this.ring.push({ kind: 'failed', issuer: clip(issuer), document, reason, atMs });
  }

  /** A refresh is told only if it ends an outage: without one it is routine, and happens every few minutes. */
  private recover(issuer: string, document: Document, atMs: number): void {
    const { [document]: known, ...others } = this.ongoing.get(issuer) ?? {};
    if (known === undefined) return;
    if (Object.keys(others).length > 0) this.ongoing.set(issuer, others);
    else this.ongoing.delete(issuer);
    this.ring.push({ kind: 'recovered', issuer: clip(issuer), document, atMs });
  }
}

function documentOf(type: `${'discovery' | 'jwks'}.${string}`): Document {
  return type.startsWith('discovery') ? 'metadata' : 'keys';
}

/** It comes from the network. */
function clip(text: string, length = MAX_TEXT): string {
  return clipped(text, length);
}
