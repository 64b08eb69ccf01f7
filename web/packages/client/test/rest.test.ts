/** Calls: what they say when they fail, and what happens to an expired token. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { isParlourError, type Problem } from "../src/index.js";
import { Rest, type Tokens } from "../src/rest.js";
import { TokenWaiters } from "../src/tokens.js";

interface Request { url: string; method: string; headers: Record<string, string>; body: string | undefined }

/** A server that gives these answers, in order, and remembers what it was asked. */
function server(...answers: (Response | Error)[]): { fetch: typeof fetch; asked: Request[] } {
  const asked: Request[] = [];
  const answer = async (url: string, init: RequestInit): Promise<Response> => {
    asked.push({ url, method: init.method ?? "", headers: init.headers as Record<string, string>, body: init.body as string | undefined });
    const next = answers.shift();
    assert.ok(next, "asked too often");
    if (next instanceof Error) throw next;
    return next;
  };
  return { fetch: answer as unknown as typeof fetch, asked };
}

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status });
}

function problem(status: number, code: string, retry: string, more: object = {}): Response {
  return json(status, { type: `urn:parlour:error:${code}`, title: code, status, code, detail: "in words", retry, ...more });
}

const signedIn: Tokens = { current: () => "old", renewed: async () => "new" };

async function problemOf(call: Promise<unknown>): Promise<Problem> {
  const error = await call.then(() => assert.fail("it did not fail"), (reason: unknown) => reason);
  assert.ok(isParlourError(error));
  return error.problem;
}

test("a call carries token, query, key and body, and gives the answer without nulls", async () => {
  const { fetch, asked } = server(json(200, { next: null, data: { kept: null }, users: [] }), json(201, {}));
  const rest = new Rest("https://chat.example.org", fetch, signedIn);
  const found: unknown = await rest.call("GET /users", { query: { query: "a b", cursor: undefined } });
  assert.deepEqual(found, { data: { kept: null }, users: [] });
  await rest.call("POST /chats/{chat}/messages", { path: { chat: "9/1" }, key: "k", body: { body: { type: "text", text: "x" } } });
  const [first, second] = asked;
  assert.deepEqual([first?.method, first?.url], ["GET", "https://chat.example.org/api/v1/users?query=a+b"]);
  assert.deepEqual(first?.headers, { authorization: "Bearer old" });
  assert.deepEqual([second?.method, second?.url], ["POST", "https://chat.example.org/api/v1/chats/9%2F1/messages"]);
  assert.deepEqual(second?.headers, { authorization: "Bearer old", "content-type": "application/json", "idempotency-key": "k" });
  assert.equal(second?.body, '{"body":{"type":"text","text":"x"}}');
});

test("an empty answer is nothing", async () => {
  const { fetch } = server(new Response(null, { status: 204 }));
  assert.equal(await new Rest("http://h", fetch, signedIn).call("POST /chats/{chat}/leave", { path: { chat: "9" } }), undefined);
});

test("an expired token is renewed and the call repeated, once", async () => {
  const expired = () => problem(401, "token_expired", "refresh");
  const good = server(expired(), json(200, { ok: true }));
  assert.deepEqual<unknown>(await new Rest("http://h", good.fetch, signedIn).call("GET /chats"), { ok: true });
  assert.deepEqual(good.asked.map(({ headers }) => headers.authorization), ["Bearer old", "Bearer new"]);
  const bad = server(expired(), expired());
  assert.equal((await problemOf(new Rest("http://h", bad.fetch, signedIn).call("GET /chats"))).code, "token_expired");
});

test("the server's problem arrives whole", async () => {
  const { fetch } = server(problem(429, "rate_limited", "later", { retry_after_ms: 700, field: "x", outcome: "not_stored" }));
  assert.deepEqual(await problemOf(new Rest("http://h", fetch, signedIn).call("GET /chats")), {
    code: "rate_limited", message: "in words", retry: "later", retryAfterMs: 700, field: "x", outcome: "not_stored",
  });
});

test("what is not from the server, or did not arrive, is unreachable", async () => {
  const answers = [new Error("connection refused"), new Response("<h1>Bad Gateway</h1>", { status: 502 }), new Response("{}", { status: 500 }), new Response("<html>", { status: 200 })];
  for (const answer of answers) {
    const { fetch } = server(answer);
    const found = await problemOf(new Rest("http://h", fetch, signedIn).call("GET /chats"));
    assert.deepEqual([found.code, found.outcome], ["unreachable", "unknown"]);
  }
});

test("nobody asks in nobody's name, or after the end", async () => {
  const { fetch, asked } = server();
  const nobody = new Rest("http://h", fetch, { ...signedIn, current: () => undefined });
  assert.equal((await problemOf(nobody.call("GET /chats"))).code, "closed");
  const rest = new Rest("http://h", fetch, signedIn);
  rest.close();
  assert.equal((await problemOf(rest.call("GET /chats"))).code, "closed");
  assert.deepEqual(asked, []);
});

/** A server whose answers begin and never end, unless the call is given up. */
function stalled(): { fetch: typeof fetch; began: Promise<void> } {
  let tell = () => {};
  const began = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const answer = async (_: string, { signal }: RequestInit): Promise<Response> => {
    const start = (controller: ReadableStreamDefaultController) => {
      signal?.addEventListener("abort", () => controller.error(new Error("aborted")));
    };
    tell();
    return new Response(new ReadableStream({ start }), { status: 200 });
  };
  return { fetch: answer as unknown as typeof fetch, began };
}

test("an answer that stops coming in the middle is given up in time, and at the end of the client", async (context) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  context.after(() => mock.timers.reset());
  const giveUp: ((rest: Rest) => void)[] = [() => mock.timers.tick(30_000), (rest) => rest.close()];
  for (const end of giveUp) {
    const { fetch, began } = stalled();
    const rest = new Rest("http://h", fetch, signedIn);
    const found = problemOf(rest.call("GET /chats"));
    await began;
    await new Promise((resolve) => setImmediate(resolve));
    end(rest);
    assert.equal((await found).code, "unreachable");
  }
});

test("calls that wait for a token get it, or hear that there will be none", async () => {
  const expired: string[] = [];
  const waiters = new TokenWaiters((token) => expired.push(token));
  assert.equal(await waiters.renewed("newer", "old"), "newer", "somebody else has renewed it already");
  const waiting = [waiters.renewed("old", "old"), waiters.renewed("old", "old")];
  waiters.changed("new");
  assert.deepEqual(await Promise.all(waiting), ["new", "new"]);
  const inVain = waiters.renewed("new", "new");
  waiters.changed(undefined);
  assert.equal((await problemOf(inVain)).code, "closed");
  assert.deepEqual(expired, ["old", "old", "new"]);
});
