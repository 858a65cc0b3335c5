import { UseGuards } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import { Claims, IdentityAuthGuard, RequireScopes } from 'nestjs-identity-model';

/** What this gateway needs of the sockets and the server of socket.io. */
interface Rooms {
  to(room: string): { emit(event: string, ...data: unknown[]): unknown };
}
interface Member {
  join(room: string): unknown;
}

@UseGuards(IdentityAuthGuard)
@WebSocketGateway()
export class ChatGateway {
  @WebSocketServer()
  private readonly server!: Rooms;

  /** What is returned is the acknowledgement that the client gets. */
  @SubscribeMessage('join')
  async join(@ConnectedSocket() socket: Member, @MessageBody() room: string, @Claims('sub') sub: string) {
    await socket.join(room);
    return { joined: room, as: sub };
  }

  /** The sender is who the token says, whatever the message says. */
  @RequireScopes('chat:write')
  @SubscribeMessage('say')
  say(@MessageBody() { room, text }: { room: string; text: string }, @Claims('sub') sub: string) {
    this.server.to(room).emit('said', { from: sub, text });
    return { sent: true };
  }
}
