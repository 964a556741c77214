"""What is kept of a run: enough to be replayed, nothing that is anybody's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from infra.verify import exchanges
from infra.verify.exchanges import Elsewhere, Exchange, Part, Recorder
from infra.verify.target import Target

OF_ONE = "11111111-1111-4111-8111-aaaaaaaaaaaa"
OF_ANOTHER = "22222222-2222-4222-8222-bbbbbbbbbbbb"
JWT = "eyJhbGciOiJub25lIn0.eyJvaWQiOiJ4In0.c2ln"  # pragma: allowlist secret - it names nobody and nothing signed it
OPERATION = f"{OF_ONE};{OF_ANOTHER}"
TARGET = Target(
    arm="https://management.azure.com",
    app="https://mine.azurewebsites.net",
    subscription=OF_ONE,
    location="westeurope",
    audiences={},
    token=lambda _: JWT,
)


def written(tmp_path: Path, *kept: Exchange) -> list[dict[str, object]]:
    file = tmp_path / "deep" / "recording.jsonl"
    exchanges.write(list(kept), TARGET, file)
    return [json.loads(line) for line in file.read_text().splitlines()]


def exchange(url: str, body: object = None, **headers: str) -> Exchange:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Exchange(
        step="s",
        part=Part.ASKED,
        method="GET",
        url=url,
        request={"id": OF_ANOTHER},
        status=200,
        headers=names,
        body=body,
    )


def test_each_id_becomes_one_number_wherever_it_stands(tmp_path: Path) -> None:
    (line,) = written(
        tmp_path,
        exchange(
            f"{TARGET.arm}/subscriptions/{OF_ONE.upper()}/x?api-version=1",
            {OF_ANOTHER: [OF_ONE, 4, None]},
            x_ms_request_id=OF_ANOTHER,
        ),
    )
    one, other = (f"00000000-0000-0000-0000-{number:012d}" for number in (1, 2))
    assert line["uri"] == f"https://management.azure.com/subscriptions/{one}/x?api-version=1"
    assert line["body"] == {other: [one, 4, None]}
    assert line["headers"] == {"x-ms-request-id": other}
    assert line["request_body"] == {"id": other}


def test_tokens_signatures_and_cookies_are_gone_and_hosts_have_names(tmp_path: Path) -> None:
    signed = f"{TARGET.app}/operations/1?api-version=1&t=6&c=MII&s=abc&h=def"
    (line,) = written(
        tmp_path,
        exchange(
            signed, {"accessSAS": "https://md.blob/x?sv=1&sr=b&sig=secret", "said": f"Bearer {JWT}"}, set_cookie="x"
        ),
    )
    text = json.dumps(line)
    assert line["uri"] == "https://disk-backup.example/operations/1?api-version=1"
    for secret in ("secret", "MII", "abc", JWT, "set-cookie", "mine.azurewebsites.net"):
        assert secret not in text, secret


def test_a_token_goes_to_azure_and_the_app_and_nowhere_else() -> None:
    recorder = Recorder(replace(TARGET, audiences={"https://mine.azurewebsites.net": "api://x"}))
    for url in (
        "https://elsewhere.example/x",
        "http://mine.azurewebsites.net/x",
        "https://mine.azurewebsites.net.evil/",
    ):
        with pytest.raises(Elsewhere, match="no token is sent there"):
            recorder.send("GET", url)
    assert recorder.exchanges == []


def test_an_operation_is_called_by_the_same_number_in_its_body(tmp_path: Path) -> None:
    status = f"{TARGET.app}/x/operationStatus/T3BlcmF0aW9uIG9mIHNvbWVib2R5?api-version=1"
    (line,) = written(tmp_path, exchange(status, {"name": "T3BlcmF0aW9uIG9mIHNvbWVib2R5"}))
    number = str(line["uri"]).rpartition("/")[2].partition("?")[0]
    assert number.startswith("00000000-")
    assert line["body"] == {"name": number}
