import { describe, expect, it, vi } from 'vitest';
import { IdentityError } from '../errors/identity-error.js';
import { lazyPackage } from './lazy-package.js';

describe('lazyPackage', () => {
  it('loads nothing before it is called, and once for all calls', async () => {
    const load = vi.fn(async () => Promise.resolve({ name: 'loaded' }));
    const lazy = lazyPackage('some-package', load);
    expect(load).not.toHaveBeenCalled();
    const [first, second] = await Promise.all([lazy(), lazy()]);
    expect(first).toEqual({ name: 'loaded' });
    expect(second).toBe(first);
    expect(await lazy()).toBe(first);
    expect(load).toHaveBeenCalledOnce();
  });

  it('says which package is missing, why, and what to do', async () => {
    const cause = new Error("Cannot find package 'some-package' imported from /app/main.js");
    const error: unknown = await lazyPackage('some-package', async () => Promise.reject(cause))().catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(IdentityError);
    expect(error).toMatchObject({ code: 'provider_unreachable', kind: 'unavailable', cause });
    expect((error as Error).message).toBe(
      `The package "some-package" cannot be loaded (${cause.message}), so the provider was not asked. ` +
        'It is a dependency of nestjs-identity-model: install the dependencies again, or keep it out of the bundle',
    );
  });

  it('tries again after a failure', async () => {
    const load = vi.fn<() => Promise<string>>();
    load.mockRejectedValueOnce(new Error('too many open files')).mockResolvedValue('loaded');
    const lazy = lazyPackage('some-package', load);
    await expect(lazy()).rejects.toThrow('too many open files');
    await expect(lazy()).resolves.toBe('loaded');
    await expect(lazy()).resolves.toBe('loaded');
    expect(load).toHaveBeenCalledTimes(2);
  });
});
