import { LRUCache } from 'lru-cache';
import type { IdentityEvent } from '../events/identity-event.js';
import { Ring } from './ring.js';

/** Something seldom that an operator wants to know. */
export type Incident = { readonly atMs: number } & (
  | {
      readonly kind: 'rotated';
      readonly issuer: string;
      readonly added: readonly string[];
      readonly removed: readonly string[];
    }
  | { readonly kind: 'failed'; readonly issuer: string; readonly document: Document; readonly reason: string }
  | { readonly kind: 'recovered'; readonly issuer: string; readonly document: Document }
  | { readonly kind: 'issuers-failed'; readonly reason: string }
);

/** A document of a provider that cannot be had now. */
export interface OngoingFault {
  readonly document: Document;
  readonly reason: string;
  readonly sinceMs: number;
}

type Document = 'metadata' | 'keys';

const MAX_INCIDENTS = 100;
const MAX_FAULTS = 512;
const MAX_KIDS = 20;
const MAX_TEXT = 300;

/** Rotations, outages and their ends; bounded, and free of anything that is told at each request. */
export class IncidentLog {
  private readonly ring = new Ring<Incident>(MAX_INCIDENTS);
  private readonly ongoing = new LRUCache<string, OngoingFault>({ max: MAX_FAULTS });
  private lastIssuersFault = '';

  /** Returns whether it was worth a line. */
  record(event: IdentityEvent, atMs: number): boolean {
    switch (event.type) {
      case 'jwks.rotated': {
        const added = event.added.slice(0, MAX_KIDS).map(clip);
        const removed = event.removed.slice(0, MAX_KIDS).map(clip);
        return this.add({ kind: 'rotated', issuer: clip(event.issuer), added, removed, atMs });
      }
      case 'discovery.failed':
      case 'jwks.failed':
        return this.fail(event.issuer, documentOf(event.type), clip(event.reason), atMs);
      case 'discovery.refreshed':
      case 'jwks.refreshed': {
        const document = documentOf(event.type);
        if (!this.ongoing.delete(keyOf(event.issuer, document))) return false;
        return this.add({ kind: 'recovered', issuer: clip(event.issuer), document, atMs });
      }
      case 'issuers.failed': {
        const reason = clip(event.reason);
        // Whoever sends tokens decides how often it happens.
        if (reason === this.lastIssuersFault) return false;
        this.lastIssuersFault = reason;
        return this.add({ kind: 'issuers-failed', reason, atMs });
      }
      case 'jwks.key-skipped':
      case 'token.validated':
      case 'token.rejected':
      case 'access.denied':
        return false;
    }
  }

  /** Newest first. */
  incidents(): readonly Incident[] {
    return this.ring.items().toReversed();
  }

  faultsOf(issuer: string): readonly OngoingFault[] {
    return (['metadata', 'keys'] as const).flatMap(
      (document) => this.ongoing.peek(keyOf(issuer, document)) ?? [],
    );
  }

  /** An outage is one line, however many attempts it takes. */
  private fail(issuer: string, document: Document, reason: string, atMs: number): boolean {
    const key = keyOf(issuer, document);
    const known = this.ongoing.get(key);
    this.ongoing.set(key, { document, reason, sinceMs: known?.sinceMs ?? atMs });
    return known === undefined && this.add({ kind: 'failed', issuer: clip(issuer), document, reason, atMs });
  }

  private add(incident: Incident): true {
    this.ring.push(incident);
    return true;
  }
}

function keyOf(issuer: string, document: Document): string {
  return `${document} ${issuer}`;
}

function documentOf(type: `${'discovery' | 'jwks'}.${string}`): Document {
  return type.startsWith('discovery') ? 'metadata' : 'keys';
}

/** It comes from the network. */
function clip(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
