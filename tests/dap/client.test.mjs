// `botserver dap` under the client with which VS Code's own debug adapters are tested.
import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, test } from "node:test";
import { DebugClient } from "@vscode/debugadapter-testsupport";

const server = process.env.BOTSERVER_BIN;
const folder = realpathSync(mkdtempSync(join(tmpdir(), "botserver-dap-")));
const program = join(folder, "sum.bas");
writeFileSync(
  program,
  `a = 2
b = Area(a)
TALK "b is \${b}"
HEAR who AS NAME WITH "Who?"
TALK "Hello \${who}"
x = 1 / 0

FUNCTION Area(x)
  y = x * x
  RETURN y
END FUNCTION
`,
);

let client;

beforeEach(async () => {
  client = new DebugClient(server, "dap", "botserver");
  client.defaultTimeout = 60_000;
  await client.start();
});
afterEach(() => client.stop());
after(() => rmSync(folder, { recursive: true }));

const top = async (threadId) => (await client.stackTraceRequest({ threadId })).body.stackFrames[0];

test("a request that it does not know is refused, and the next one is answered", async () => {
  await assert.rejects(client.send("illegal_request"));
  const answer = await client.initializeRequest();
  assert.equal(answer.body.supportsConfigurationDoneRequest, true);
});

test("it stops on entry", async () => {
  await Promise.all([
    client.configurationSequence(),
    client.launch({ program, stopOnEntry: true }),
    client.assertStoppedLocation("entry", { line: 1 }),
  ]);
});

test("a breakpoint is hit where it was set, and steps lead from there", async () => {
  await client.hitBreakpoint({ program }, { path: program, line: 2 });
  const threads = await client.threadsRequest();
  const threadId = threads.body.threads[0].id;
  await Promise.all([client.stepInRequest({ threadId }), client.assertStoppedLocation("step", { line: 9 })]);
  await Promise.all([client.nextRequest({ threadId }), client.assertStoppedLocation("step", { line: 10 })]);
  const frame = await top(threadId);
  assert.deepEqual([frame.name, frame.source.path], ["Area", program]);
  const scopes = await client.scopesRequest({ frameId: frame.id });
  const locals = scopes.body.scopes.find((scope) => scope.name === "Locals");
  const variables = await client.variablesRequest({ variablesReference: locals.variablesReference });
  assert.deepEqual(variables.body.variables.map(({ name, value }) => [name, value]), [["x", "2"], ["y", "4"]]);
  await client.setVariableRequest({ variablesReference: locals.variablesReference, name: "y", value: "y + 1" });
  const value = await client.evaluateRequest({ expression: "y * 10", frameId: frame.id, context: "hover" });
  assert.equal(value.body.result, "50");
  await Promise.all([client.stepOutRequest({ threadId }), client.assertStoppedLocation("step", { line: 3 })]);
  const said = client.assertOutput("stdout", "b is 5");
  await client.continueRequest({ threadId });
  await said;
});

test("what a HEAR asks is answered in the console, and an error stops where it happens", async () => {
  const asked = client.assertOutput("stdout", 'b is 4\nWho?');
  await Promise.all([
    client.waitForEvent("initialized").then(async () => {
      await client.setExceptionBreakpointsRequest({ filters: ["uncaught"] });
      return client.configurationDoneRequest();
    }),
    client.launch({ program }),
  ]);
  await asked;
  await client.evaluateRequest({ expression: "Ada", context: "repl" });
  const stopped = await client.assertStoppedLocation("exception", { line: 6 });
  assert.match((await top(1)).name, /sum/);
  assert.ok(stopped);
  await Promise.all([
    client.continueRequest({ threadId: 1 }),
    client.waitForEvent("exited").then((event) => assert.equal(event.body.exitCode, 1)),
    client.waitForEvent("terminated"),
  ]);
});
