"""Calls a running server through the client that openapi-python-client generated, and compares every row with the plain
JSON of the same request: nothing lost, nothing that the contract does not list.

Usage: client.py FOLDER_OF_THE_CLIENT BASE_URL CASES.json
"""

import importlib
import json
import sys
import urllib.parse
import urllib.request

folder, base, cases = sys.argv[1:4]
sys.path.insert(0, folder)
client = importlib.import_module("utbredt_client").Client(base_url=base)

compared = 0
for case in json.load(open(cases, encoding="utf-8")):
    question, name = case["kpi"].split(".")
    module = importlib.import_module(f"utbredt_client.api.{question}.{question}_{name}_values")
    query = case["query"]
    # A keyword of Python gets an underscore in the generated signature.
    arguments = {"from_" if key == "from" else key: value for key, value in query.items()}
    answer = module.sync_detailed(client=client, **arguments)
    assert answer.status_code == 200, (case, answer)
    address = f"{base}/v1/kpis/{case['kpi']}/values?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(address) as response:
        plain = json.load(response)
    assert plain["data"], case
    for row, raw in zip(answer.parsed.data, plain["data"], strict=True):
        assert row.additional_properties == {}, (case, row.additional_properties)
        assert row.to_dict() == raw, (case, row.to_dict(), raw)
        compared += 1
    assert answer.parsed.meta.additional_properties == {}, (case, answer.parsed.meta)
    meta = answer.parsed.meta.to_dict()
    # Python's moments have microseconds, an edition's may have more digits.
    moments = meta.pop("as_of"), plain["meta"].pop("as_of")
    assert moments[0][:19] == moments[1][:19], (case, moments)
    # The generated client sends defaults as well, and `params` repeats what was sent.
    sent = meta.pop("params"), plain["meta"].pop("params")
    assert sent[1].items() <= sent[0].items(), (case, sent)
    assert meta == plain["meta"], (case, meta, plain["meta"])

# An error is typed too.
module = importlib.import_module("utbredt_client.api.adoption.adoption_reach_values")
refused = module.sync_detailed(client=client, solution_id="digihels")
assert (refused.status_code, refused.parsed.code, refused.parsed.did_you_mean) == (400, "unknown_solution", "digihelse"), refused
print(f"{compared} rows compared")
