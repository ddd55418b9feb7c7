// A model that does what it is told: the prompts `whoami` and `append_note one` call that tool, and
// the result of a tool is its last word. It answers in the forms of the four interfaces that
// clients use.
import { once } from 'node:events';
import { createServer } from 'node:http';

// Some clients put quotes around it, or a reminder in front.
const PROMPT = /^"?(whoami|append_note)(?: (\w+))?"?\s*$/m;

export class Model {
  #server;
  #offered;
  #result;

  static async start() {
    const it = new Model();
    it.#server = createServer((req, res) => it.#answer(req, res)).listen(0, '127.0.0.1');
    await once(it.#server, 'listening');
    it.url = `http://127.0.0.1:${it.#server.address().port}`;
    return it;
  }

  /** The tools that a client offers while it answers a prompt. */
  async toolsOf(answering) {
    this.#offered = [];
    await answering();
    return this.#offered;
  }

  /** What a client reports of the tool that a prompt made it call. */
  async resultOf(answering) {
    this.#result = undefined;
    const output = await answering();
    if (this.#result === undefined) throw new Error(`no tool was called: ${output}`);
    return this.#result;
  }

  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(req, res) {
    let body = '';
    for await (const text of req) body += text;
    const path = req.url.split('?')[0];
    const form = Object.entries(FORMS).find(([end]) => path.endsWith(end))?.[1];
    if (process.env.VERBOSE) console.error(`model: ${req.method} ${path} ${process.env.VERBOSE > 1 ? body : body.length}`);
    if (!form) return res.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"not here"}}');
    const request = JSON.parse(body);
    const { tools, prompt, result } = form.read(request);
    const ours = tools.filter(({ name }) => /(whoami|append_note)$/.test(name));
    if (ours.length > 0) this.#offered = ours.map(({ name }) => /(whoami|append_note)$/.exec(name)[1]);
    if (result !== undefined) this.#result = result;
    const [, tool, text] = PROMPT.exec(prompt) ?? [];
    const parameters = JSON.stringify(text ? { text } : {});
    const called = result === undefined && ours.find(({ name }) => name.endsWith(tool));
    const reply = called ? { call: called, parameters } : { text: result ?? 'nothing to do' };
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of form.events(reply, request)) {
      if (event.type && form.named) res.write(`event: ${event.type}\n`);
      res.write(`data: ${JSON.stringify(event)}\n\n`);
    }
    res.end(form.end ?? '');
  }
}

const textOf = (content) => (typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join('\n'));

/** The last message that the user wrote, and the result that came after it. */
function lastWords(messages, isPrompt, isResult, resultOf, promptOf) {
  const at = messages.findLastIndex(isPrompt);
  const after = messages.slice(at + 1).findLast(isResult);
  return { prompt: at < 0 ? '' : promptOf(messages[at]), result: after && resultOf(after) };
}

const FORMS = {
  // Anthropic
  '/v1/messages': {
    named: true,
    read: ({ tools = [], messages }) => {
      const parts = messages.flatMap(({ role, content }) =>
        typeof content === 'string' ? [{ role, type: 'text', text: content }] : content.map((part) => ({ role, ...part })),
      );
      const isPrompt = (part) => part.role === 'user' && part.type === 'text' && PROMPT.test(part.text);
      return { tools, ...lastWords(parts, isPrompt, (part) => part.type === 'tool_result', (part) => textOf(part.content), (part) => part.text) };
    },
    *events({ call, parameters, text }, { model }) {
      const usage = { input_tokens: 1, output_tokens: 1 };
      yield { type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null, usage } };
      yield { type: 'content_block_start', index: 0, content_block: call ? { type: 'tool_use', id: 'toolu_1', name: call.name, input: {} } : { type: 'text', text: '' } };
      yield { type: 'content_block_delta', index: 0, delta: call ? { type: 'input_json_delta', partial_json: parameters } : { type: 'text_delta', text } };
      yield { type: 'content_block_stop', index: 0 };
      yield { type: 'message_delta', delta: { stop_reason: call ? 'tool_use' : 'end_turn', stop_sequence: null }, usage };
      yield { type: 'message_stop' };
    },
  },
  // OpenAI, chat
  '/chat/completions': {
    end: 'data: [DONE]\n\n',
    read: ({ tools = [], messages }) => ({
      tools: tools.map((tool) => tool.function),
      ...lastWords(messages, ({ role }) => role === 'user', ({ role }) => role === 'tool', (it) => textOf(it.content), (it) => textOf(it.content)),
    }),
    *events({ call, parameters, text }, { model }) {
      const chunk = (delta, finish_reason = null) => ({ id: 'chat_1', object: 'chat.completion.chunk', created: 1, model, choices: [{ index: 0, delta, finish_reason }] });
      const tool_calls = call && [{ index: 0, id: 'call_1', type: 'function', function: { name: call.name, arguments: parameters } }];
      yield chunk({ role: 'assistant', ...(call ? { tool_calls } : { content: text }) });
      yield { ...chunk({}, call ? 'tool_calls' : 'stop'), usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } };
    },
  },
  // OpenAI, responses
  '/responses': {
    named: true,
    read: ({ tools = [], input }) => ({
      tools: tools.flatMap((tool) => (tool.type === 'namespace' ? tool.tools.map((inner) => ({ ...inner, namespace: tool.name })) : [tool])).filter(({ name }) => name),
      ...lastWords(input, ({ role }) => role === 'user', ({ type }) => type === 'function_call_output', (it) => textOf(it.output), (it) => textOf(it.content)),
    }),
    *events({ call, parameters, text }) {
      const item = call
        ? { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: call.name, ...(call.namespace && { namespace: call.namespace }), arguments: parameters, status: 'completed' }
        : { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text, annotations: [] }] };
      const response = { id: 'resp_1', object: 'response', status: 'completed', output: [item], usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } };
      yield { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } };
      yield { type: 'response.output_item.added', output_index: 0, item };
      yield { type: 'response.output_item.done', output_index: 0, item };
      yield { type: 'response.completed', response };
    },
  },
  // Gemini
  ':streamGenerateContent': {
    read: ({ tools = [], contents }) => ({
      tools: tools.flatMap((tool) => tool.functionDeclarations ?? []),
      ...lastWords(
        contents,
        ({ role, parts }) => role === 'user' && PROMPT.test(textOf(parts)),
        ({ parts }) => parts.some((part) => part.functionResponse),
        ({ parts }) => JSON.stringify(parts.find((part) => part.functionResponse).functionResponse.response),
        ({ parts }) => textOf(parts),
      ),
    }),
    *events({ call, parameters, text }) {
      const part = call ? { functionCall: { name: call.name, args: JSON.parse(parameters) } } : { text };
      yield { candidates: [{ index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' }], usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 } };
    },
  },
};
