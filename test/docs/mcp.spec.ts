import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.js';
import { MCP_SERVERS, startNotes } from '../support/mcp-servers.js';
import { readDocuments } from './compile-blocks.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A folder of a reader who has installed the packages. */
function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/nestjs-identity-model'));
  const scope = '@modelcontextprotocol';
  symlinkSync(join(ROOT, 'node_modules', scope), join(folder, 'node_modules', scope));
  return folder;
}

/** The first line that a process writes, which then goes on until the end of the test. */
async function firstLineOf(file: string): Promise<string> {
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text;
}

it.each(MCP_SERVERS)(
  'docs/guides/mcp.md lets its reader try %s without a provider',
  async (kind) => {
    const issuerPort = await freePort();
    const { url } = await startNotes(kind, 'express', () => ({
      issuer: `http://127.0.0.1:${String(issuerPort)}`,
      warmUp: 'off',
    }));
    const folder = makeFolder();
    const [, section = ''] = (readDocuments().get('docs/guides/mcp.md') ?? '').split('\n## Try it\n');
    const blocks = [...section.matchAll(/```js\n\/\/ (\S+\.mjs).*\n([^]*?)```/g)].slice(0, 2);
    const named = blocks.map(([, name = '', code = '']) => {
      const file = join(folder, name);
      const here = code.replaceAll('http://localhost:3000', url).replace('4001', String(issuerPort));
      writeFileSync(file, here);
      return file;
    });
    const [issuer = '', client = ''] = named;
    writeFileSync(join(folder, 'token.txt'), await firstLineOf(issuer));
    const { stdout } = await promisify(execFile)(process.execPath, [client], { cwd: folder });
    expect(stdout).toContain('milk');
  },
  60_000,
);
