#!/usr/bin/env node
import { Logger } from '@nestjs/common';
import { runCommand } from './run-command.js';

// What the services log stands in the report.
Logger.overrideLogger(false);
const isTerminal = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
const { exitCode, stdout, stderr } = await runCommand(process.argv.slice(2), process.stdin, isTerminal);
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exitCode;
