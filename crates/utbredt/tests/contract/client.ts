// Calls a running server through openapi-fetch with the types that openapi-typescript generated, and compares every row
// with the plain JSON of the same request. `columns.ts` is written from rows that were really sent: it does not compile
// when the type of a row lacks one of them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";
import { columns } from "./columns.js";

type Schemas = components["schemas"];
const [base, cases] = process.argv.slice(2);
assert(base && cases);
const client = createClient<paths>({ baseUrl: base });

// The types know the columns: names, numbers that may be null, days as text.
type Reach = Schemas["AdoptionReachRow"];
const typed = (row: Reach): [string, number | null, "ok" | "missing" | "not_applicable" | "not_valid" | "suppressed"] => [
  row.period_start,
  row.value,
  row.state,
];

let compared = 0;
for (const { kpi, query } of JSON.parse(readFileSync(cases, "utf8")) as { kpi: string; query: Record<string, string> }[]) {
  // The path of one KPI is as good as any: which one it is is known at run time only.
  const path = `/v1/kpis/${kpi}/values` as "/v1/kpis/adoption.reach/values";
  const { data, error } = await client.GET(path, { params: { query: query as { solution_id: string } } });
  // By `format` it may also be the text of a CSV file; that is not requested here.
  assert(typeof data === "object", JSON.stringify(error));
  const plain = await (await fetch(`${base}${path}?${new URLSearchParams(query)}`)).json();
  assert.deepEqual(data, plain);
  assert(data.data.length > 0, kpi);
  for (const row of data.data) {
    typed(row);
    for (const name of Object.keys(row)) {
      assert(columns[kpi]?.includes(name), `${kpi}: ${name} is in no type`);
    }
    compared += 1;
  }
}

const { data, error } = await client.GET("/v1/kpis/adoption.reach/values", {
  params: { query: { solution_id: "digihels" } },
});
assert.equal(data, undefined);
assert.equal(error?.did_you_mean, "digihelse");

const batch = await client.POST("/v1/kpis:batch", {
  body: [{ id: "adoption.reach", params: { solution_id: "digihelse" }, from: "2025-01", to: "2025-01" }],
});
assert.equal(batch.data?.data[0]?.status, 200);
console.log(`${compared} rows compared`);
