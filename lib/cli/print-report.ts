import { styleText } from 'node:util';
import { printableJson } from '../model/printable.js';
import { isTokenAlone, type DoctorReport, type Finding, type Verdict } from './finding.js';

/** Shape and color both tell: a report is read in logs without colors, and by people who cannot tell red from green. */
const SIGNS: Readonly<
  Record<Verdict, { readonly sign: string; readonly color: 'green' | 'cyan' | 'yellow' | 'red' }>
> = {
  ok: { sign: '✓', color: 'green' },
  note: { sign: '·', color: 'cyan' },
  warning: { sign: '!', color: 'yellow' },
  fault: { sign: '✗', color: 'red' },
};

/** The report for people, one line a finding. */
export function formatReport(report: DoctorReport, color: boolean): string {
  const { healthy, findings } = report;
  const paint: Paint = (style, text) => (color ? styleText(style, text, { validateStream: false }) : text);
  const width = Math.max(...findings.map(({ about }) => about.length));
  const lines = findings.flatMap(({ about, verdict, text, advice }: Finding) => {
    const { sign, color: of } = SIGNS[verdict];
    const line = `${paint(of, sign)} ${about.padEnd(width)}  ${text}`;
    return advice === undefined ? [line] : [line, paint('dim', `  ${' '.repeat(width)}  → ${advice}`)];
  });
  const verdict = healthy ? describeHealth(report, paint) : paint('red', describeFault(report));
  return `${paint('bold', report.issuer ?? report.resource)}\n${lines.join('\n')}\n${verdict}\n`;
}

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/** Warnings do not change the exit status, but who reads the last line alone must not miss them. */
function describeHealth({ findings }: DoctorReport, paint: Paint): string {
  const warnings = findings.filter(({ verdict }) => verdict === 'warning').length;
  if (warnings === 0) return paint('green', 'No problems found.');
  return paint('yellow', `It works, with ${String(warnings)} warning${warnings === 1 ? '' : 's'}.`);
}

function describeFault(report: DoctorReport): string {
  if (report.resource !== undefined) return 'Clients would not work with this.';
  return isTokenAlone(report)
    ? 'The provider is fine; this token would be refused.'
    : 'The module would not work with this.';
}

export function formatJson(report: DoctorReport): string {
  return `${printableJson(report, 2)}\n`;
}
