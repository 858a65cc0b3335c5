import type { WebSocketAdapter } from '@nestjs/common';
import { ApplicationConfig, GraphInspector, NestContainer } from '@nestjs/core';

/**
 * Whether Nest asks the guards of the whole application about messages of gateways. `@nestjs/websockets` does from 12 on; 11
 * says nothing, and lets everybody in.
 *
 * Not found by a version number: `@nestjs/core` and `@nestjs/websockets` may be of different ones. The real module for
 * gateways is handed a gateway of ours, in the mode that serves nothing, and is watched: does it read the global guards?
 *
 * @returns false also if it cannot be found out: then a guard that is counted might be none.
 */
export async function gatewaysAskGlobalGuards(): Promise<boolean> {
  try {
    // Bundlers leave out what they do not find only if it is awaited as it stands.
    const { SocketModule } = await import('@nestjs/websockets/socket-module.js');
    const { SubscribeMessage, WebSocketGateway } = await import('@nestjs/websockets');
    class ProbeGateway {
      message(): void {}
    }
    const method = Object.getOwnPropertyDescriptor(ProbeGateway.prototype, 'message');
    if (method === undefined) return false;
    SubscribeMessage('probe')(ProbeGateway.prototype, 'message', method);
    WebSocketGateway()(ProbeGateway);
    const config = new WatchedConfig();
    const container = await containerWith(ProbeGateway, config);
    await new SocketModule().register(container, config, new GraphInspector(container), { preview: true });
    return config.wasAsked;
  } catch {
    return false;
  }
}

class WatchedConfig extends ApplicationConfig {
  wasAsked = false;

  override getGlobalGuards(): ReturnType<ApplicationConfig['getGlobalGuards']> {
    this.wasAsked = true;
    return super.getGlobalGuards();
  }

  /** Without one, Nest would load socket.io. */
  override getIoAdapter(): WebSocketAdapter {
    return NO_ADAPTER;
  }
}

const NO_ADAPTER: WebSocketAdapter = {
  create: () => undefined,
  bindClientConnect: () => undefined,
  bindMessageHandlers: () => undefined,
  close: () => undefined,
};

/** With the gateway as a module, which Nest takes for a provider of itself. */
async function containerWith(gateway: new () => object, config: ApplicationConfig): Promise<NestContainer> {
  const container = new NestContainer(config);
  const added = await container.addModule(gateway, []);
  const wrapper = added?.moduleRef.providers.get(gateway);
  if (wrapper !== undefined) wrapper.instance = new gateway();
  return container;
}
