import { Ctx, Payload } from '@nestjs/microservices';
import { McpContext, McpController, Tool, ToolScopes } from '@rekog/mcp-nest';
import type { McpUser } from 'nestjs-identity-model/mcp';
import { z } from 'zod';

const NewNote = z.object({ text: z.string().max(500) });

@McpController()
export class NotesTools {
  private readonly notes = new Map<string, string[]>();

  @ToolScopes(['notes:read'])
  @Tool({ name: 'list_notes', description: 'Lists the notes of the user' })
  list(_: unknown, @Ctx() context: McpContext) {
    return { notes: this.notesOf(context) };
  }

  @ToolScopes(['notes:write'])
  @Tool({ name: 'add_note', description: 'Adds a note', parameters: NewNote })
  add(@Payload() { text }: z.infer<typeof NewNote>, @Ctx() context: McpContext) {
    const notes = this.notesOf(context);
    notes.push(text);
    return { notes };
  }

  private notesOf(context: McpContext): string[] {
    const { user } = context.getRawRequest() as { user: McpUser };
    const owner = String(user['sub']);
    const notes = this.notes.get(owner) ?? [];
    this.notes.set(owner, notes);
    return notes;
  }
}
