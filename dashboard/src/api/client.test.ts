import { describe, expect, test } from "vitest";
import { FakeApi, refusal } from "../test/fakeApi";
import { urlOf } from "./client";
import { asApiError } from "./errors";
import { carryOut, jobOf } from "./operations";

const client = (api: FakeApi) => api.session().client;
const failure = (promise: Promise<unknown>) => promise.then(() => expect.fail("was answered"), asApiError);

test("nothing is sent to the host that an answer names", () => {
  expect(urlOf("https://elsewhere.example/providers/x?api-version=1&$skipToken=t")).toBe("/providers/x?api-version=1&$skipToken=t");
});

test("the API's version is said unless a link says one", () => {
  expect(urlOf("/subscriptions")).toBe("/subscriptions?api-version=2026-06-01");
});

test("lists are followed to their end", async () => {
  const api = new FakeApi().on("GET /subscriptions", ({ query }) =>
    query.has("$skipToken")
      ? { body: { value: [2] } }
      : { body: { value: [1], nextLink: "https://elsewhere.example/subscriptions?api-version=1&$skipToken=t" } },
  );
  expect(await client(api).list("/subscriptions")).toEqual([1, 2]);
});

describe("a refusal", () => {
  test("names every fault", async () => {
    const faults = [{ code: "InvalidInput", message: "is missing", target: "a" }];
    const api = new FakeApi().on("GET /x", refusal(400, "InvalidInput", "Two faults.", faults));
    expect(await failure(client(api).get("/x"))).toMatchObject({ trouble: "invalid", message: "Two faults.", faults });
  });

  test.each([
    [401, "signedOut"],
    [403, "forbidden"],
    [404, "absent"],
    [409, "conflict"],
    [429, "tooMany"],
    [500, "broken"],
  ])("%i is %s", async (status, trouble) => {
    const api = new FakeApi().on("GET /x", refusal(status, "Code", "Words."));
    expect(await failure(client(api).get("/x"))).toMatchObject({ trouble, status, code: "Code", message: "Words." });
  });

  test("says when to come back", async () => {
    const api = new FakeApi().on("GET /x", { status: 429, body: {}, headers: { "Retry-After": "7" } });
    expect(await failure(client(api).get("/x"))).toMatchObject({ retryAfter: 7, passes: true });
  });

  test("that is no JSON is told by its status", async () => {
    const api = new FakeApi().on("GET /x", { status: 502 });
    expect((await failure(client(api).get("/x"))).message).toContain("502");
  });
});

test("an API that cannot be reached is down", async () => {
  const api = new FakeApi().on("GET /x", () => {
    throw new TypeError("fetch failed");
  });
  expect(await failure(client(api).get("/x"))).toMatchObject({ trouble: "down", passes: true });
});

describe("an operation", () => {
  const begun = { status: 202, headers: { "Azure-AsyncOperation": "https://elsewhere.example/op?api-version=1" } };

  test("is followed to its job", async () => {
    const api = new FakeApi()
      .on("POST /x/backup", begun)
      .on("GET /op", { body: { status: "Succeeded", properties: { jobId: "abc" } } });
    expect(jobOf(await carryOut(client(api), "POST", "/x/backup"), "/vault")).toBe("/vault/backupJobs/abc");
  });

  test("that fails says why", async () => {
    const error = { code: "Locked", message: "The disk is locked.", target: null, details: null };
    const api = new FakeApi().on("POST /x/backup", begun).on("GET /op", { body: { status: "Failed", error } });
    expect(await failure(carryOut(client(api), "POST", "/x/backup"))).toMatchObject({ code: "Locked", message: error.message });
  });
});
