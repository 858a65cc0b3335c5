import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { EntryState } from '../../lib/cache/value-source.js';
import { ERROR_CODES } from '../../lib/errors/error-codes.js';
import { IdentityStats } from 'nestjs-identity-model';
import { REQUEST_OUTCOMES } from '../../lib/http/request-recorder.js';
import { METRICS } from '../../lib/prometheus/metric-names.js';
import { DURATION_OUTCOMES } from '../../lib/metrics/validation-results.js';
import { createModule } from '../support/create-module.js';
import { isInstalled } from '../support/is-installed.js';
import { createKey } from '../support/signing-key.js';

const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');
const METRIC = /\bidentity_[a-z_]+\b/g;

/** Of the scrape, not of the metric. */
const TARGET_LABELS = ['job', 'instance'];
const { caches: CACHES, endpoints: ENDPOINTS } = await readNames();
const STATES = Object.keys({ cold: 0, fresh: 0, stale: 0, expired: 0 } satisfies Record<
  EntryState['state'],
  0
>);
const CODES = Object.keys(ERROR_CODES);
/** What may stand in a query, by label, whatever metric it is of. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  outcome: [...DURATION_OUTCOMES, ...REQUEST_OUTCOMES],
  result: [
    'ok',
    'hit',
    'miss',
    'accepted',
    'mismatch',
    'put',
    'present',
    'timeout',
    'error',
    'spared',
    ...CODES,
  ],
  sender: ['bearer', 'dpop', 'mtls'],
  code: CODES,
  verified: ['true', 'false'],
  cache: CACHES,
  endpoint: ENDPOINTS,
  document: ['keys', 'metadata'],
  state: STATES,
};

/** The names that a running module with everything switched on has registered. */
async function readNames(): Promise<{ caches: string[]; endpoints: string[] }> {
  const module = await createModule({
    issuers: [{ issuer: 'https://id.example.com', jwks: { keys: [createKey('ES256', 'ec-1').jwk] } }],
    audience: 'orders-api',
    tokenCache: {},
  });
  const { entries, sinceStart } = module.get(IdentityStats).snapshot();
  await module.close();
  return { caches: Object.keys(entries), endpoints: Object.keys(sinceStart.requests.durations) };
}

/** What is asked for in a query: each metric, and the labels in its braces. */
function faultsOf(query: string): string[] {
  const rows = Object.values(METRICS);
  return [...query.matchAll(/\b(identity_[a-z_]+)(?:\{([^}]*)\})?/g)].flatMap(
    ([, name = '', selector = '']) => {
      const base = name.replace(/_(bucket|sum|count)$/, '');
      const metric = rows.find((row) => row.name === (base.endsWith('_seconds') ? base : name));
      if (metric === undefined) return [`no metric ${name}`];
      const labels: readonly string[] = [...metric.labels, ...TARGET_LABELS];
      return [...selector.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g)].flatMap(
        ([, label = '', text = '']) => {
          if (!labels.includes(label)) return [`${name} has no label ${label}`];
          if (TARGET_LABELS.includes(label)) return [];
          return text
            .split('|')
            .filter((value) => VALUES[label]?.includes(value) !== true)
            .map((value) => `${label} is never ${value}`);
        },
      );
    },
  );
}

describe('docs/operations/metrics.md', () => {
  it('has a row for each metric with its labels, and nothing else', () => {
    const rows = read('operations/metrics.md')
      .split('\n')
      .filter((line) => line.startsWith('| `identity_'))
      .map((line) => [...line.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    expect(rows).toEqual(Object.values(METRICS).map(({ name, labels }) => [name, ...labels]));
  });

  it('names the values of the labels, all of them', () => {
    const rows = read('operations/metrics.md')
      .split('\n')
      .filter((line) => /^\| `(outcome|endpoint|cache|document|state)`/.test(line))
      .map((line) => line.split('|').slice(1, 3))
      .map(([label = '', values = '']) => [
        label.trim(),
        [...values.replaceAll(/\([^)]*\)/g, '').matchAll(/`(\w+)`/g)].map(([, value]) => value),
      ]);
    expect(Object.fromEntries(rows)).toEqual({
      '`outcome` of validations': DURATION_OUTCOMES,
      '`outcome` of requests to providers': REQUEST_OUTCOMES,
      '`outcome` of the store': ['ok', 'unavailable'],
      '`endpoint`': ENDPOINTS,
      '`cache`': CACHES,
      '`document`': ['keys', 'metadata'],
      '`state`': STATES,
    });
  });

  it('has queries for metrics and labels that there are', () => {
    expect(queriesOf('operations/metrics.md').length).toBeGreaterThan(2);
    expect(queriesOf('operations/metrics.md').flatMap(faultsOf)).toEqual([]);
  });
});

const queriesOf = (page: string): string[] =>
  [...read(page).matchAll(/```promql\n([^`]*)```/g)].map(([, code = '']) => code);

describe('docs/operations/alerts.md', () => {
  const text = read('operations/alerts.md');
  const alerts = [...read('operations/alert-rules.yml').matchAll(/- alert: (\w+)/g)].map(
    ([, name = '']) => name,
  );

  it('has a section for each alert, to which its runbook leads, and its severity', () => {
    expect([...text.matchAll(/^## (\w+)$/gm)].map(([, name]) => name)).toEqual(alerts);
    expect(alerts.length).toBeGreaterThan(3);
    const runbooks = [...read('operations/alert-rules.yml').matchAll(/runbook: (\S+)/g)].map(
      ([, link]) => link,
    );
    expect(runbooks).toEqual(alerts.map((name) => `docs/operations/alerts.md#${name.toLowerCase()}`));
    const rows = [...text.matchAll(/^\| \[(\w+)\]\(#\w+\) \| (\w+) \|$/gm)].map(([, name, severity]) => [
      name,
      severity,
    ]);
    const severities = [...read('operations/alert-rules.yml').matchAll(/severity: (\w+)/g)].map(
      ([, severity]) => severity,
    );
    expect(rows).toEqual(alerts.map((name, at) => [name, severities[at]]));
  });

  it('gives queries that can be asked, and names codes that there are', () => {
    expect(queriesOf('operations/alerts.md').length).toBeGreaterThan(4);
    expect(queriesOf('operations/alerts.md').flatMap(faultsOf)).toEqual([]);
    const words = [...text.replaceAll(/```[^]*?```/g, '').matchAll(/`([a-z]+(?:_[a-z]+)*)`/g)]
      .map(([, word = '']) => word)
      .filter((word) => !['job', 'validate', 'runbook', 'promtool'].includes(word));
    expect(words.length).toBeGreaterThan(10);
    expect(words.filter((word) => ![...CODES, ...REQUEST_OUTCOMES].includes(word as never))).toEqual([]);
  });
});

describe('the dashboard and the alert rules', () => {
  const dashboard = JSON.parse(read('operations/grafana-dashboard.json')) as {
    panels: {
      id: number;
      gridPos: { x: number; y: number; w: number; h: number };
      targets: { expr: string }[];
    }[];
    templating: { list: { name: string; type: string; query: string | { query: string } }[] };
  };
  const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

  it('ask for metrics and labels that there are', () => {
    expect([...queries, read('operations/alert-rules.yml')].flatMap(faultsOf)).toEqual([]);
    expect(faultsOf('rate(identity_state{isuer="x",state=~"cold|warm"}[5m]) + identity_made_up')).toEqual([
      'identity_state has no label isuer',
      'state is never warm',
      'no metric identity_made_up',
    ]);
  });

  it('can be narrowed down to a job and an instance, each panel', () => {
    const variables = dashboard.templating.list.map(({ name, query }) => [
      name,
      typeof query === 'string' ? query : query.query,
    ]);
    expect(variables.map(([name]) => name)).toEqual(['datasource', 'job', 'instance']);
    expect(variables.flatMap(([, query = '']) => faultsOf(query))).toEqual([]);
    for (const query of queries) {
      const selectors = [...query.matchAll(/\bidentity_[a-z_]+(\{[^}]*\})?/g)].map(([, braces]) => braces);
      for (const braces of selectors) expect(braces).toContain('{job=~"$job",instance=~"$instance"');
    }
  });

  it('has a place of its own for each panel', () => {
    const places = dashboard.panels.map(({ gridPos: { x, y } }) => `${String(x)},${String(y)}`);
    expect(new Set(places).size).toBe(places.length);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(places.length);
  });

  it.runIf(isInstalled('promtool'))('pass the check of promtool', () => {
    const rules = fileURLToPath(new URL('../../docs/operations/alert-rules.yml', import.meta.url));
    expect(execFileSync('promtool', ['check', 'rules', rules], { encoding: 'utf8' })).toContain(
      'SUCCESS: 9 rules found',
    );
  });

  it.runIf(isInstalled('promtool'))('alert of what they are for, and of nothing else', () => {
    const cases = fileURLToPath(new URL('alert-rules.test.yml', import.meta.url));
    expect(execFileSync('promtool', ['test', 'rules', cases], { encoding: 'utf8' })).toContain('SUCCESS');
  });

  it('leave no metric unseen', () => {
    const seen = new Set(
      queries
        .join(' ')
        .match(METRIC)
        ?.map((name) => name.replace(/_bucket$/, '')),
    );
    expect([...seen].toSorted()).toEqual(
      Object.values(METRICS)
        .map(({ name }) => name)
        .toSorted(),
    );
  });
});
