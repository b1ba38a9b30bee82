import httpx2
import pytest
from fixtures.answers import API_KEY, BASE, GALLERY_DETAIL, PURPOSE, FakeServer, an_id, page, problem

from visavis.client import Visavis, VisavisProblem
from visavis.client.credentials import Bearer, LinkSecret
from visavis.client.errors import AnswerUnreadable
from visavis.client.exchange import Body, Call, Reply
from visavis.wire.deciding import PinRequest


def operator(server: FakeServer, base_url: str = BASE) -> Visavis:
    return Visavis(base_url=base_url, api_key=API_KEY, transport=server.transport)


def test_a_problem_of_the_server_is_raised_with_all_it_says() -> None:
    server = FakeServer({"GET /v1/purposes/x": problem("gallery_full", 409, retry_after_s=2.5)})
    with pytest.raises(VisavisProblem) as raised, operator(server) as client:
        client.purpose("x")
    seen = raised.value
    assert (seen.code, seen.status, seen.detail, seen.mend) == ("gallery_full", 409, "What happened.", "What to do.")
    assert (seen.request_id, seen.retry_after_s) == ("req-1", 2.5)
    assert "gallery_full" in str(seen)


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(502, text="<html>Bad gateway</html>"),
        httpx2.Response(307, headers={"Location": "https://elsewhere.example/"}),
        httpx2.Response(200, text="<html>Welcome</html>"),
        httpx2.Response(200, json={"id": an_id("gal")}),
    ],
    ids=["proxy", "redirect", "another service", "fields missing"],
)
def test_an_answer_that_is_not_the_servers_is_told_and_not_followed(response: httpx2.Response) -> None:
    server = FakeServer({f"GET /v1/galleries/{an_id('gal')}": response})
    with pytest.raises(VisavisProblem, match="answer_unreadable") as raised:
        operator(server).gallery(an_id("gal"))
    assert raised.value.status == response.status_code
    assert len(server.requests) == 1


def test_a_plain_refusal_of_a_proxy_says_when_to_come_back() -> None:
    slow_down = httpx2.Response(429, headers={"Retry-After": "61", "Request-Id": "proxy-1"}, text="Slow down")
    server = FakeServer({"GET /v1/purposes/x": slow_down})
    with pytest.raises(AnswerUnreadable) as raised:
        operator(server).purpose("x")
    assert (raised.value.retry_after_s, raised.value.request_id) == (61, "proxy-1")


def test_a_field_that_a_later_server_adds_is_passed_over() -> None:
    server = FakeServer({f"GET /v1/galleries/{an_id('gal')}": {**GALLERY_DETAIL, "colour": "blue"}})
    assert operator(server).gallery(an_id("gal")).name == "Staff"


@pytest.mark.parametrize(
    "url",
    ["http://faces.example", "http://10.0.0.1:8642", "ftp://127.0.0.1", "faces.example", "", "http://127.1.example"],
)
def test_keys_do_not_travel_unencrypted(url: str) -> None:
    with pytest.raises(VisavisProblem, match="url_unsafe"):
        operator(FakeServer(), url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://localhost", "http://[::1]:8642", "https://faces.example/"]
)
def test_this_machine_or_tls_is_private_enough(url: str) -> None:
    operator(FakeServer(), url).close()


def test_a_server_behind_a_path_is_reached_there() -> None:
    server = FakeServer({"GET /faces/v1/galleries": page()})
    assert operator(server, "https://acme.example/faces/").galleries().items == []


@pytest.mark.parametrize("key", ["", "naïve", "two\nlines"])
def test_what_cannot_be_an_api_key_is_not_sent(key: str) -> None:
    with pytest.raises(VisavisProblem, match="api_key_missing"):
        Visavis(base_url=BASE, api_key=key, transport=FakeServer().transport)


def test_an_identifier_reaches_no_other_door() -> None:
    server = FakeServer()
    with pytest.raises(VisavisProblem):
        operator(server).purpose("x/../../api-keys?limit=1#")
    assert server.requests[0].url.raw_path == b"/v1/purposes/x%2F..%2F..%2Fapi-keys%3Flimit%3D1%23"


def test_secrets_are_in_no_repr() -> None:
    assert API_KEY not in repr(Bearer(API_KEY))
    assert API_KEY not in repr(LinkSecret(API_KEY))
    body = Body(PinRequest(external_reference="anna", pin="123456"), [("photo", ("photo", b"anna", ""))], {"n": "anna"})
    assert "anna" not in repr(Call("POST", "/", body=body)) + repr(Reply(200, httpx2.Headers(), b"anna"))


def test_a_purpose_comes_back_with_its_texts() -> None:
    server = FakeServer({f"GET /v1/purposes/{an_id('pur')}": PURPOSE})
    assert operator(server).purpose(an_id("pur")).texts[0].text == "We open the door."
    assert server.requests[0].headers["Authorization"] == f"Bearer {API_KEY}"
