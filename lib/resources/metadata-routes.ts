import { Inject, Injectable, Optional, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost, type AbstractHttpAdapter } from '@nestjs/core';
import { IdentityError } from '../errors/identity-error.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { MetadataDocuments } from './metadata-documents.js';
import { isExpress, mountOnExpress } from './mount-express.js';
import { isFastify, mountOnFastify } from './mount-fastify.js';

/**
 * Serves the metadata of the resources (RFC 9728 section 3) beside the application's own routes: no guard, prefix, version, pipe
 * or interceptor of the application is asked, because clients that have no token yet must find it at one
 * exact address.
 */
@Injectable()
export class MetadataRoutes implements OnModuleInit {
  private readonly documents: MetadataDocuments;

  constructor(
    @Inject(RESOLVED_OPTIONS) options: ResolvedOptions,
    @Optional() @Inject(HttpAdapterHost) private readonly adapterHost?: HttpAdapterHost,
  ) {
    this.documents = new MetadataDocuments(options.resources, options);
  }

  /** Not earlier: Express takes settings such as "strict routing" over when the first handler comes. */
  onModuleInit(): void {
    // null in an application without HTTP, such as a pure microservice, whatever its type says.
    const adapter: AbstractHttpAdapter | null | undefined = this.adapterHost?.httpAdapter;
    if (adapter && !this.documents.isEmpty) this.mount(adapter);
  }

  /** @throws {IdentityError} `options_invalid`: challenges would point to documents that nobody serves. */
  private mount(adapter: AbstractHttpAdapter): void {
    const instance: unknown = adapter.getInstance();
    if (isFastify(instance)) mountOnFastify(instance, this.documents);
    else if (isExpress(instance)) mountOnExpress(instance, this.documents);
    else {
      throw new IdentityError(
        'options_invalid',
        'The metadata of resources can be served on Express and Fastify only: set "serveMetadata" of each resource to false, ' +
          'and let another server answer',
      );
    }
  }
}
