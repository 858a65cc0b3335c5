import { describeError, IdentityError } from '../errors/identity-error.js';

/**
 * A package that is loaded when it is first needed, and not with the module: an application that only imports this package
 * does not pay for it, and neither does one whose keys are configured.
 *
 * A failure is not kept: the next call tries again, as with everything else that a fetch needs.
 *
 * @param name - how messages call it.
 * @param load - imports it. The specifier stands in the source of the caller, so that bundlers find it.
 * @returns a function that rejects with an {@link IdentityError} `provider_unreachable` if it cannot be loaded: no request is
 *   sent then, so no key is trusted.
 */
export function lazyPackage<T>(name: string, load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw new IdentityError(
        'provider_unreachable',
        `The package "${name}" cannot be loaded (${describeError(error)}), so the provider was not asked. ` +
          'It is a dependency of nestjs-identity-model: install the dependencies again, or keep it out of the bundle',
        { cause: error },
      );
    });
    return loading;
  };
}
