import { isJsonObject, type JsonObject } from '../model/json.js';
import { printableUrl } from '../http/printable-url.js';
import { redirectTarget } from '../http/reject-status.js';
import type { RawAnswer } from '../http/send.js';
import { quoted } from '../model/printable.js';
import { resourceMetadataUrl, WELL_KNOWN_RESOURCE } from '../options/resource-metadata-url.js';
import type { ApiProbe, Probed } from './api-probe.js';
import type { Finding } from './finding.js';
import { mismatch, SERVER_FAILED } from './mismatch-finding.js';

/** The metadata of a resource, as far as it could be had. */
export interface DocumentResult {
  readonly findings: readonly Finding[];
  readonly document: JsonObject | undefined;
}

/** A page of any origin: the document is for everybody. */
const ORIGIN = 'https://client.example.com';
/** What the SDKs of MCP add to the request. */
const ADDED_HEADER = 'mcp-protocol-version';

/**
 * Fetches the metadata (RFC 9728 section 3) as clients do: at the place that the challenge names, else between host and path of
 * the resource, else at the root.
 */
export async function examineDocument(
  probe: ApiProbe,
  resource: string,
  named: URL | undefined,
): Promise<DocumentResult> {
  const derived = new URL(resourceMetadataUrl(resource));
  const place = named ?? derived;
  const found = await fetchDocument(probe, place);
  if (found.document !== undefined || named !== undefined || found.status !== 404) return found;
  const root = new URL(WELL_KNOWN_RESOURCE, derived);
  if (root.href === derived.href) return found;
  const atRoot = await fetchDocument(probe, root);
  if (atRoot.document === undefined) return found;
  const text = `the document is at ${root.href}, not at ${derived.href}`;
  return { ...atRoot, findings: [mismatch('document_at_root', text), ...atRoot.findings] };
}

interface Fetched extends DocumentResult {
  readonly status: number;
}

async function fetchDocument(probe: ApiProbe, url: URL): Promise<Fetched> {
  const ask = (target: URL): Promise<Probed> =>
    probe.ask('GET', target, { origin: ORIGIN, [ADDED_HEADER]: '2025-11-25' }, [200]);
  let place = url;
  let probed = await ask(place);
  const findings: Finding[] = [];
  if ('answer' in probed && probed.answer.status >= 300 && probed.answer.status < 400) {
    const location = probed.answer.headers['location'];
    const text = `GET ${place.href}: status ${String(probed.answer.status)}, to ${printableUrl(location ?? 'nowhere')}`;
    findings.push(mismatch('document_redirected', text));
    const target = redirectTarget(place, location);
    if (target === undefined) return { findings, document: undefined, status: probed.answer.status };
    place = new URL(target);
    probed = await ask(place);
  }
  if ('failure' in probed) {
    findings.push(mismatch('document_missing', `GET ${place.href} failed: ${probed.failure}`));
    return { findings, document: undefined, status: 0 };
  }
  const { answer } = probed;
  const { status } = answer;
  if (status !== 200) {
    const name = status === 401 || status === 403 ? 'document_refused' : 'document_missing';
    const advice = status >= 500 ? SERVER_FAILED : undefined;
    findings.push(mismatch(name, `GET ${place.href}: status ${String(status)}`, advice));
    return { findings, document: undefined, status };
  }
  const read = await probe.readJson(place, answer);
  const document = 'json' in read ? read.json : undefined;
  if (!isJsonObject(document)) {
    const problem = 'problem' in read ? read.problem : `is no JSON object (${typeOf(answer)})`;
    findings.push(mismatch('document_not_json', `the body of ${place.href} ${problem}`));
    return { findings, document: undefined, status };
  }
  findings.push({ about: 'document', verdict: 'ok', text: `the metadata is at ${place.href}` });
  findings.push(...examineHeaders(answer), ...(await examineOtherMethods(probe, place)));
  return { findings, document, status };
}

function typeOf({ headers }: RawAnswer): string {
  const type = headers['content-type'];
  return type === undefined ? 'no Content-Type' : `Content-Type ${quoted(type, 60)}`;
}

function examineHeaders(answer: RawAnswer): readonly Finding[] {
  const { headers } = answer;
  const findings: Finding[] = [];
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
    findings.push(mismatch('document_type', `the document comes with ${typeOf(answer)}`));
  }
  const caching = headers['cache-control'];
  if (caching === undefined || /no-store|no-cache/i.test(caching)) {
    const said = caching === undefined ? 'no Cache-Control' : `Cache-Control ${quoted(caching, 60)}`;
    findings.push(mismatch('document_uncached', `the document comes with ${said}`));
  }
  if (!isForAll(headers)) {
    findings.push(
      mismatch('cors_missing', `a request of a page of ${ORIGIN} is answered ${allowedBy(headers)}`),
    );
  }
  return findings;
}

async function examineOtherMethods(probe: ApiProbe, url: URL): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const head = await probe.ask('HEAD', url);
  if ('failure' in head || head.answer.status !== 200) {
    findings.push(mismatch('document_head', `HEAD ${url.href}: ${describe(head)}`));
  }
  const preflight = await probe.ask('OPTIONS', url, {
    origin: ORIGIN,
    'access-control-request-method': 'GET',
    'access-control-request-headers': ADDED_HEADER,
  });
  if ('failure' in preflight) {
    findings.push(mismatch('cors_preflight', `OPTIONS ${url.href}: ${describe(preflight)}`));
    return findings;
  }
  const { status, headers } = preflight.answer;
  const names = (headers['access-control-allow-headers'] ?? '').toLowerCase().split(/[\s,]+/);
  const lacks = [
    ...(status >= 200 && status < 300 ? [] : [describe(preflight)]),
    ...(isForAll(headers) ? [] : [allowedBy(headers)]),
    ...(names.includes('*') || names.includes(ADDED_HEADER)
      ? []
      : ['without leave for MCP-Protocol-Version']),
  ];
  if (lacks.length > 0) {
    findings.push(mismatch('cors_preflight', `OPTIONS ${url.href} is answered ${lacks.join(', ')}`));
  }
  return findings;
}

function isForAll(headers: RawAnswer['headers']): boolean {
  const allowed = headers['access-control-allow-origin'];
  return allowed === '*' || allowed === ORIGIN;
}

function allowedBy(headers: RawAnswer['headers']): string {
  const allowed = headers['access-control-allow-origin'];
  return allowed === undefined
    ? 'without Access-Control-Allow-Origin'
    : `with Access-Control-Allow-Origin ${quoted(allowed, 60)}`;
}

function describe(probed: Probed): string {
  return 'failure' in probed ? `no answer, ${probed.failure}` : `with status ${String(probed.answer.status)}`;
}
