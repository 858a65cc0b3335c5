import { Inject, Injectable, Optional, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { refuseRenegotiation } from '../certificates/socket-certificate.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';

const SERVERS = new WeakSet<object>();

/** Lets the connections of the application's server have one handshake only, if their certificates count. */
@Injectable()
export class FixedHandshakes implements OnModuleInit {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Optional() @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost | undefined,
  ) {}

  /** Nest has made the server by now, and it does not listen yet. */
  onModuleInit(): void {
    if (this.options.mtls?.certificate !== 'socket') return;
    // null, whatever its type says, if the application was made with createMicroservice or createApplicationContext.
    const adapter = this.adapterHost?.httpAdapter as HttpAdapterHost['httpAdapter'] | null | undefined;
    const server = adapter?.getHttpServer() as {
      on?: (event: string, listener: (socket: object) => void) => void;
    };
    if (typeof server?.on !== 'function' || SERVERS.has(server)) return;
    SERVERS.add(server);
    server.on('secureConnection', refuseRenegotiation);
  }
}
