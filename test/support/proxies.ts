import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './free-port.js';
import { SYSTEM } from './is-installed.js';
import { certificateFile, pem } from './tls-provider.js';

const GUIDE = new URL('../../docs/guides/sender-constrained.md', import.meta.url);

/** The configuration that the guide shows, in the language of a proxy. */
export function configurationOf(language: 'nginx' | 'haproxy'): string {
  const [, block] = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(readFileSync(GUIDE, 'utf8')) ?? [];
  if (block === undefined) throw new Error(`the guide shows no configuration of ${language}`);
  return block;
}

/** A proxy that ends TLS on a port of loopback, in front of an API. */
export interface RunningProxy {
  readonly port: number;
  stop(): Promise<void>;
}

export async function startNginx(configuration: string, apiPort: number): Promise<RunningProxy> {
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), 'nginx-'));
  mkdirSync(path.join(folder, 'temp'));
  const own = replaced(configuration, [
    ['listen 443', `listen 127.0.0.1:${String(port)}`],
    ['/etc/nginx/server.pem', certificateFile('good.pem')],
    ['/etc/nginx/server-key.pem', certificateFile('good-key.pem')],
    ['127.0.0.1:3000', `127.0.0.1:${String(apiPort)}`],
  ]);
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path temp;`);
  const user = process.getuid?.() === 0 ? 'user root;\n' : '';
  const text = `${user}daemon off;\npid nginx.pid;\nerror_log stderr;\nworker_processes 1;\nevents {}\nhttp {\naccess_log off;\n${temp.join('\n')}\n${own}}\n`;
  writeFileSync(path.join(folder, 'nginx.conf'), text);
  return run('nginx', ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'], { folder, port });
}

export async function startHaproxy(configuration: string, apiPort: number): Promise<RunningProxy> {
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), 'haproxy-'));
  const server = path.join(folder, 'server.pem');
  writeFileSync(server, pem('good') + pem('good-key'));
  const own = replaced(configuration, [
    ['bind :443', `bind 127.0.0.1:${String(port)}`],
    ['/etc/haproxy/server.pem', server],
    ['/etc/haproxy/clients.pem', certificateFile('ca.pem')],
    ['127.0.0.1:3000', `127.0.0.1:${String(apiPort)}`],
  ]);
  const times = 'defaults\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n\n';
  writeFileSync(path.join(folder, 'haproxy.cfg'), times + own);
  return run('haproxy', ['-db', '-f', path.join(folder, 'haproxy.cfg')], { folder, port });
}

/** Each must be there: a guide that says something else is not what the test runs. */
function replaced(text: string, pairs: readonly (readonly [string, string])[]): string {
  let result = text;
  for (const [from, to] of pairs) {
    if (!result.includes(from)) throw new Error(`the configuration does not say "${from}"`);
    result = result.replaceAll(from, to);
  }
  return result;
}

async function run(
  command: string,
  args: readonly string[],
  { folder, port }: { readonly folder: string; readonly port: number },
): Promise<RunningProxy> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: SYSTEM });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  const ended = once(child, 'exit').then(() => 'ended' as const);
  while (!(await listens(port))) {
    const first = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 50))]);
    if (first === 'ended') throw new Error(`${command} ended: ${said}`);
  }
  return { port, stop: () => stop(child, folder) };
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
