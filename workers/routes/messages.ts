/**
 * Conversations as clients of OpenAI's API send them. What is not read is passed over: names, refusals, annotations,
 * calls of tools and what tools said, also our own answer sent back as it was. What a question consists of is text,
 * and anything else in it is refused: an answer would not heed it.
 */
import { z } from '@hono/zod-openapi';
import type { ConversationTurn } from '../../shared/retrieval/conversation.ts';

/** Turns of a conversation, pieces of a turn, and characters of one that asks or instructs. */
const MAX_MESSAGES = 100;
const MAX_PARTS = 64;
const MAX_MESSAGE_CHARACTERS = 32_768;

/** Roles whose every word may matter. */
const READ = new Set(['system', 'developer', 'user']);

const Part = z
  .object({
    type: z.string().max(64).describe('`text` is read'),
    text: z.string().nullish().describe('A piece of the turn; pieces are joined by line breaks'),
  })
  .describe('Other fields are passed over, and so are other pieces of turns that nobody asks with');

const Message = z
  .object({
    role: z
      .enum(['system', 'developer', 'user', 'assistant', 'tool', 'function'])
      .describe('Who speaks. What tools said is not read'),
    content: z
      .union([z.string(), z.array(Part).max(MAX_PARTS)])
      .nullish()
      .describe(
        `What is said: text, or pieces of text; of a \`user\`, \`system\` or \`developer\` at most ${MAX_MESSAGE_CHARACTERS} characters`,
      ),
  })
  .superRefine(({ role, content }, context) => {
    if (!READ.has(role)) return;
    if (Array.isArray(content)) {
      for (const [index, { type, text }] of content.entries()) {
        const issue = (field: string, message: string) =>
          context.addIssue({ code: 'custom', path: ['content', index, field], message });
        if (type !== 'text') issue('type', `only text is read, got ${JSON.stringify(type)}`);
        else if (text == null) issue('text', 'is required');
      }
    }
    const { length } = textOf(content);
    if (length <= MAX_MESSAGE_CHARACTERS) return;
    const message = `at most ${MAX_MESSAGE_CHARACTERS} characters, got ${length}`;
    context.addIssue({ code: 'custom', path: ['content'], message });
  })
  .meta({ id: 'Message', description: 'A turn of a conversation; fields besides these are passed over' });
type Message = z.infer<typeof Message>;

export const Messages = z
  .array(Message)
  .min(1)
  .max(MAX_MESSAGES)
  .describe(
    'A conversation, oldest turn first; its last user turn asks, or its last system turn where no user speaks',
  );

function textOf(content: Message['content']): string {
  if (typeof content === 'string') return content;
  return (content ?? [])
    .flatMap(({ type, text }) => (type === 'text' && text != null ? [text] : []))
    .join('\n');
}

/** The turns that are read, with their text in one piece. Where nobody asks, whoever instructs last does. */
export function turnsOf(messages: readonly Message[]): ConversationTurn[] {
  const turns = messages.flatMap(({ role, content }): ConversationTurn[] =>
    role === 'tool' || role === 'function' ? [] : [{ role, content: textOf(content) }],
  );
  if (turns.some(({ role }) => role === 'user')) return turns;
  const last = turns.findLastIndex(({ role }) => role !== 'assistant');
  return turns.map((turn, index) => (index === last ? { ...turn, role: 'user' } : turn));
}
