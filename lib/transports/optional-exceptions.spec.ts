import { RpcException } from '@nestjs/microservices';
import { WsException } from '@nestjs/websockets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadRpcException, loadWsException } from './optional-exceptions.js';

describe.each([
  { name: '@nestjs/websockets', load: loadWsException, found: WsException },
  { name: '@nestjs/microservices', load: loadRpcException, found: RpcException },
])('the exception of $name', ({ name, load, found }) => {
  afterEach(() => vi.doUnmock(name));

  it("is the application's own", async () => {
    expect(await load()).toBe(found);
  });

  it('is an error that names the package if it is not there', async () => {
    vi.doMock(name, () => {
      throw new Error('Cannot find module');
    });
    await expect(load()).rejects.toMatchObject({
      code: 'transport_unsupported',
      message: expect.stringContaining(`${name}, which has`) as string,
    });
  });
});
