#!/usr/bin/env node
import { Logger } from '@nestjs/common';
import { formatJson, formatReport } from './print-report.js';
import { readArguments, USAGE, UsageError } from './read-arguments.js';
import { runDoctor } from './run-doctor.js';

async function main(): Promise<number> {
  // What the services log stands in the report.
  Logger.overrideLogger(false);
  const asked = readArguments(process.argv.slice(2));
  if (asked === 'help') {
    process.stdout.write(USAGE);
    return process.argv.length > 2 ? 0 : 2;
  }
  const report = await runDoctor(asked, process.stdin);
  const color =
    asked.color === 'always' ||
    (asked.color === 'auto' && process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '');
  process.stdout.write(asked.json ? formatJson(report) : formatReport(report, color));
  return report.healthy ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(isUsage ? `${error.message}\n\n${USAGE}` : 'the doctor itself broke: this is a bug\n');
  process.exitCode = isUsage ? 2 : 3;
}
