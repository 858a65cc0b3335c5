import { SpanKind, SpanStatusCode, type Attributes, type Tracer } from '@opentelemetry/api';
import type { RequestRecord } from '../http/request-recorder.js';
import type { ValidationRecord } from '../metrics/metrics-observers.js';
import { outcomeOf } from '../metrics/validation-results.js';
import { printable } from '../model/printable.js';

interface SpanSpec {
  readonly name: string;
  readonly kind: SpanKind;
  /** An error code if the span has failed. */
  readonly error: string | undefined;
  readonly attributes: Attributes;
}

/** A child of the request's span. No attribute is made of the token: spans leave the process. */
export function traceValidation(tracer: Tracer, record: ValidationRecord): void {
  const { issuer, result, verified, durationMs } = record;
  recordSpan(tracer, durationMs, {
    name: 'identity.validate',
    kind: SpanKind.INTERNAL,
    // A rejected token is the fault of its sender, and anybody can send one: an error is what the operator can mend.
    error: outcomeOf(result) === 'unavailable' ? result : undefined,
    attributes: {
      // A tenant's name came with a token, and a function of the application let it through.
      'identity.issuer': issuer === undefined ? 'other' : printable(issuer),
      'identity.result': result,
      'identity.verified': verified,
    },
  });
}

/** Attributes of OpenTelemetry's semantic conventions for HTTP clients. The query may hold a secret, and stays out. */
export function traceRequest(tracer: Tracer, record: RequestRecord): void {
  const { endpoint, url, outcome, status, durationMs } = record;
  const { protocol, hostname, port, pathname } = new URL(url);
  recordSpan(tracer, durationMs, {
    name: 'identity.fetch',
    kind: SpanKind.CLIENT,
    error: outcome === 'ok' || outcome === 'not_modified' ? undefined : outcome,
    attributes: {
      'identity.endpoint': endpoint,
      'http.request.method': 'GET',
      'server.address': hostname,
      'server.port': Number(port) || (protocol === 'http:' ? 80 : 443),
      'url.scheme': protocol.slice(0, -1),
      'url.path': pathname,
      ...(status === undefined ? {} : { 'http.response.status_code': status }),
    },
  });
}

/** A span that ends now, as a child of the active one: the application's span of its request. */
function recordSpan(tracer: Tracer, durationMs: number, { name, kind, error, attributes }: SpanSpec): void {
  // The span is made when it is over, because only then it is known that somebody observes it; it begins in the past.
  // performance.now() does not jump with the wall clock, so no span ends before it begins.
  const endMs = performance.timeOrigin + performance.now();
  const span = tracer.startSpan(name, {
    kind,
    startTime: endMs - durationMs,
    attributes: error === undefined ? attributes : { ...attributes, 'error.type': error },
  });
  if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(endMs);
}
