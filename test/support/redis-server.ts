import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './free-port.js';
import { isOnPath } from './is-installed.js';

/** Redis, which `.ci/run` installs, and Valkey where the system has it: Debian 12 does not. */
export const SERVERS = ['redis-server', ...(isOnPath('valkey-server') ? ['valkey-server'] : [])];

/** A Redis of its own for a test: without persistence, on loopback, in an empty folder. */
export class RedisServer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly command: string,
    readonly port: number,
    private readonly args: readonly string[],
    private readonly folder: string,
  ) {}

  /**
   * @param command - one of {@link SERVERS}.
   * @param args - settings of redis.conf, for example `--maxmemory`, `2mb`.
   */
  static async start(command: string, ...args: string[]): Promise<RedisServer> {
    const folder = mkdtempSync(path.join(tmpdir(), 'redis-'));
    const server = new RedisServer(command, await freePort(), args, folder);
    await server.run();
    return server;
  }

  /** Starts it again, empty. */
  async run(): Promise<void> {
    const child = spawn(
      this.command,
      ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...this.args],
      { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.child = child;
    await ready(child);
  }

  /** It answers nothing, and its connections stay open. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  /** It is gone at once, with all that it kept. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function ready(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let said = '';
    const read = (chunk: unknown): void => {
      said += String(chunk);
      if (said.includes('Ready to accept connections')) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`redis-server ended: ${said}`)));
  });
}
