/** Rung: page. The trace page in a browser, in front of an API like Jaeger's. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { tracePage } from "../../images/lib/trace-page";
import { startBrowser } from "./support/browser";
import { servePage, type PageServer } from "./support/server";
import { jaegerWith, type SpanFixture } from "./support/traces";

jest.setTimeout(300_000);

const id = "4bf92f3577b34da6a3ce929d0e0e4736";
const script = "<img src=x onerror='window.injected=true'><script>window.injected=true</script>";
const order: readonly SpanFixture[] = [
  {
    id: "a1",
    service: "shop",
    name: "GET /orders",
    start: 0,
    length: 120,
    attributes: { correlation_id: "c-42", "sampling.policy": "errors" },
  },
  { id: "b1", parent: "a1", service: "pay", name: "charge", start: 20, length: 80, error: "card refused", exception: "CardError" },
  { id: "b2", parent: "b1", service: "pay", name: "SELECT card", start: 30, length: 5 },
];

let browser: Browser;
let server: PageServer;
let page: Page;
let failures: string[];

beforeAll(async () => {
  const folder = await tracePage({ step: (_what, action) => action(), log: join(tmpdir(), "trace-page-build.log"), force: false });
  server = await servePage(folder);
  browser = await startBrowser();
});

afterAll(async () => {
  await browser.close();
  server.close();
});

beforeEach(async () => {
  server.api = jaegerWith({ [id]: order });
  server.config = undefined;
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(30_000);
  failures = [];
  page.on("pageerror", (error) => failures.push(String(error)));
});

afterEach(async () => {
  await page.close();
  expect(failures).toEqual([]);
});

const open = (path: string) => page.goto(`${server.address}/${path}`);
const row = (name: string) => page.getByRole("option", { name });

test("a correlation id finds its trace, whose search is in the address", async () => {
  await open("");
  await page.getByLabel("Correlation id").fill(" c-42 ");
  await page.keyboard.press("Enter");
  await page.getByText("1 trace", { exact: true }).waitFor();
  expect(new URL(page.url()).search).toBe("?correlationId=c-42");
  const line = page.getByRole("row", { name: /GET \/orders/ });
  expect(await line.innerText()).toMatch(/pay \(2\), shop \(1\)[\s\S]*120 ms\s+3\s+1/);

  await page.reload();
  await line.getByRole("link").click();
  await row("GET /orders").waitFor();
  expect(new URL(page.url()).pathname).toBe(`/trace/${id}`);
  await page.goBack();
  await page.getByText("1 trace", { exact: true }).waitFor();
});

test("a waterfall marks the error, opens at it, and shows its events, attributes and the policy that kept the trace", async () => {
  await open(`trace/${id}`);
  await row("charge").waitFor();
  expect(await row("charge").getAttribute("aria-selected")).toBe("true");
  expect(await row("charge").innerText()).toMatch(/^error/);
  expect(await row("GET /orders").innerText()).not.toMatch(/^error/);
  const details = page.getByRole("region", { name: "Span" });
  expect(await details.innerText()).toMatch(/card refused[\s\S]*exception[\s\S]*CardError/);
  expect(await page.getByText("Kept by policy").innerText()).toBe("Kept by policy errors");

  await page.getByRole("listbox").focus();
  await page.keyboard.press("ArrowUp");
  expect(await details.innerText()).toMatch(/correlation_id\s+c-42/);
  await row("SELECT card").click();
  expect(await details.innerText()).toContain("SELECT card");
});

test("links of the UI's config lead from a trace and from an attribute to other places", async () => {
  server.config = {
    linkPatterns: [
      { type: "traces", url: "https://logs.example.com/?trace=#{traceID}", text: "Logs of this trace" },
      { type: "tags", key: "correlation_id", url: "https://logs.example.com/?q=#{correlation_id}", text: "Logs of #{correlation_id}" },
      { type: "tags", key: "correlation_id", url: "https://logs.example.com/?q=#{tenant}", text: "Logs of the tenant" },
    ],
  };
  await open(`trace/${id}`);
  await row("GET /orders").click();
  const target = (name: string) => page.getByRole("link", { name }).getAttribute("href");
  expect(await target("Logs of this trace")).toBe(`https://logs.example.com/?trace=${id}`);
  expect(await target("Logs of c-42")).toBe("https://logs.example.com/?q=c-42");
  expect(await page.getByRole("link", { name: "Logs of the tenant" }).count()).toBe(0);
});

test("bars stand where their spans were", async () => {
  await open(`trace/${id}`);
  await row("charge").waitFor();
  const box = async (name: string) => (await row(name).locator(".span-bar").boundingBox())!;
  const [root, child] = [await box("GET /orders"), await box("charge")];
  expect((child.x - root.x) / root.width).toBeCloseTo(20 / 120, 1);
  expect(child.width / root.width).toBeCloseTo(80 / 120, 1);
});

test("an empty result says so", async () => {
  await open("search?correlationId=unknown");
  await page.getByText("No traces found").waitFor();
});

test.each([
  ["does not answer", undefined, "Jaeger does not answer"],
  ["fails", { status: 500, body: { error: { httpCode: 500, message: "no shards" } } }, "Jaeger answered HTTP 500: no shards"],
])("when Jaeger %s, the page says so, and tries again", async (_what, answer, message) => {
  server.api = () => answer;
  await open("search?service=shop");
  await page.getByRole("alert").getByText(message).waitFor();
  server.api = jaegerWith({ [id]: order });
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("1 trace", { exact: true }).waitFor();
});

test("a pasted id opens its trace; what is no id is refused", async () => {
  await open("search");
  const field = page.getByRole("textbox", { name: "Trace id" });
  await field.fill("no id");
  await field.press("Enter");
  expect(await field.getAttribute("aria-invalid")).toBe("true");
  await field.fill(` ${id.toUpperCase()}`);
  await field.press("Enter");
  await row("charge").waitFor();
});

test.each([
  ["trace/not-an-id", "This is no trace id"],
  ["trace/00000000000000000000000000000001", "No trace has this id"],
])("the address %s is answered by: %s", async (path, message) => {
  await open(path);
  await page.getByRole("alert").getByText(message).waitFor();
});

test("wrong fields are named, and not sent", async () => {
  await open("search");
  await page.getByLabel("Minimum duration").fill("fast");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByText("Example: 100ms").waitFor();
  expect(new URL(page.url()).search).toBe("");
});

test("markup in a span is text", async () => {
  const attributes = { [script]: script, correlation_id: script };
  server.api = jaegerWith({
    [id]: [{ id: "a", service: script, name: script, start: 0, length: 1, error: script, exception: script, attributes }],
  });
  await open(`search?service=${encodeURIComponent(script)}`);
  await page.getByRole("link", { name: script }).click();
  await row(script).waitFor();
  expect(await page.evaluate("window.injected")).toBeUndefined();
  expect(await page.locator("img").count()).toBe(0);
});

test("a trace of 5,000 spans stays usable", async () => {
  const spans = Array.from({ length: 5000 }, (_, index): SpanFixture => ({
    id: `s${index}`,
    parent: index === 0 ? undefined : `s${Math.floor((index - 1) / 3)}`,
    service: "shop",
    name: `step ${index}`,
    start: index,
    length: 5000 - index,
  }));
  server.api = jaegerWith({ [id]: spans });
  await open(`trace/${id}`);
  await page.getByText("5000 spans").waitFor();
  expect(await page.getByRole("option").count()).toBeLessThan(100);
  await page.getByRole("listbox").focus();
  const start = Date.now();
  await page.keyboard.press("End");
  await page.locator("#span-4999[aria-selected=true]").waitFor();
  expect(Date.now() - start).toBeLessThan(3000);
});

test("the colours follow the system, and can be changed", async () => {
  await page.emulateMedia({ colorScheme: "dark" });
  await open("search");
  const scheme = () => page.locator("html").getAttribute("data-mantine-color-scheme");
  expect(await scheme()).toBe("dark");
  await page.getByRole("button", { name: "Use light colours" }).click();
  expect(await scheme()).toBe("light");
});
