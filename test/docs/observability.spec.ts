import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../lib/prometheus/metric-names.js';

const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');
const METRIC = /\bidentity_[a-z_]+\b/g;

/** What is asked for in a query: each metric, and the labels in its braces. */
function faultsOf(query: string): string[] {
  const rows = Object.values(METRICS);
  return [...query.matchAll(/\b(identity_[a-z_]+)(?:\{([^}]*)\})?/g)].flatMap(
    ([, name = '', selector = '']) => {
      const base = name.replace(/_(bucket|sum|count)$/, '');
      const metric = rows.find((row) => row.name === (base.endsWith('_seconds') ? base : name));
      if (metric === undefined) return [`no metric ${name}`];
      const labels: readonly string[] = metric.labels;
      return [...selector.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)]
        .map(([, label = '']) => label)
        .filter((label) => !labels.includes(label))
        .map((label) => `${name} has no label ${label}`);
    },
  );
}

describe('docs/observability.md', () => {
  it('has a row for each metric with its labels, and nothing else', () => {
    const rows = read('observability.md')
      .split('\n')
      .filter((line) => line.startsWith('| `identity_'))
      .map((line) => [...line.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    expect(rows).toEqual(Object.values(METRICS).map(({ name, labels }) => [name, ...labels]));
  });

  it('tells what to do for each alert', () => {
    const alerts = [...read('alert-rules.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const rows = [...read('observability.md').matchAll(/^\| `(Identity\w+)`/gm)].map(([, name]) => name);
    expect(rows).toEqual(alerts);
    expect(alerts.length).toBeGreaterThan(3);
  });
});

describe('the dashboard and the alert rules', () => {
  const dashboard = JSON.parse(read('grafana-dashboard.json')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

  it('ask for metrics and labels that there are', () => {
    expect([...queries, read('alert-rules.yml')].flatMap(faultsOf)).toEqual([]);
    expect(faultsOf('rate(identity_state{isuer="x"}[5m]) + identity_made_up')).toEqual([
      'identity_state has no label isuer',
      'no metric identity_made_up',
    ]);
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
