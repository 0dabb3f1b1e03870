"""What a browser could ask of its way out, asked without a browser."""

from __future__ import annotations

import http.client
import socket
import time

import pytest
from tests.media.loopback import body, serving

from medialens.errors import MediaAccessError, MediaLimitError, MediaNotFoundError
from medialens.media.capture.gate import REFUSED, gate
from medialens.media.limits import MediaLimits

LISTED = MediaLimits(allow_urls=True, url_hosts=("127.0.0.1",))


def opened(limits=LISTED, folder=None, seconds=20):
    return gate(limits, time.monotonic() + seconds, folder)


def ask(way_out, url, method="GET", data=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", way_out.server_port, timeout=10)
    connection.request(method, url, body=data, headers=headers)
    response = connection.getresponse()
    answered = response.status, response.read(), response.headers
    connection.close()
    return answered


def tunnel(way_out, host):
    connection = socket.create_connection(("127.0.0.1", way_out.server_port), timeout=10)
    connection.sendall(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    return connection, int(head.split()[1])


def test_a_request_is_handed_on_with_its_method_headers_and_body_and_so_is_the_answer():
    seen = {}

    def answer(request):
        seen.update(request.headers, body=request.rfile.read(int(request.headers["Content-Length"])))
        body(b"created", status=201, x_kept="yes", set_cookie="a=b")(request)

    with serving({"/form?x=1": answer}) as server, opened() as way_out:
        own = {"X-Own": "1", "Proxy-Authorization": "secret"}
        status, data, headers = ask(way_out, f"{server.url}/form?x=1", "GET", b"name=value", **own)
    assert (status, data, headers["X-Kept"], headers["Set-Cookie"]) == (201, b"created", "yes", "a=b")
    assert (seen["body"], seen["X-Own"], seen["Connection"]) == (b"name=value", "1", "close")
    assert "Proxy-Authorization" not in seen
    assert REFUSED not in headers


@pytest.mark.parametrize("limits", [MediaLimits(), MediaLimits(allow_urls=True)])
def test_hosts_that_may_not_be_asked_are_not(limits):
    with serving({"/": body(b"secret")}) as server, opened(limits) as way_out:
        host = server.url.removeprefix("http://")
        status, data, headers = ask(way_out, f"{server.url}/")
        connection, tunnelled = tunnel(way_out, host)
        connection.close()
        assert (status, data, tunnelled) == (403, b"", 403)
        assert headers[REFUSED] == "1"
        assert isinstance(way_out.refusals[host], MediaAccessError)
        assert server.asked == []


def test_a_tunnel_carries_bytes_both_ways_to_a_host_that_may_be_asked():
    with serving({"/": body(b"through")}) as server, opened() as way_out:
        connection, status = tunnel(way_out, server.url.removeprefix("http://"))
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b""
        while chunk := connection.recv(1000):
            answer += chunk
        connection.close()
    assert status == 200
    assert answer.endswith(b"through")


def test_files_are_served_to_who_knows_the_host_and_from_the_folder_alone(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a b.css").write_text("body {}")
    (tmp_path / "secret").write_text("secret")
    with opened(MediaLimits(), tmp_path / "site") as way_out:
        own = f"http://{way_out.file_host}"
        status, data, headers = ask(way_out, f"{own}/a%20b.css")
        assert (status, data, headers["Content-Type"]) == (200, b"body {}", "text/css")
        assert ask(way_out, f"{own}/../secret")[0] == 403
        assert ask(way_out, f"{own}/%2e%2e/secret")[0] == 403
        assert ask(way_out, f"{own}/{tmp_path}/secret")[0] == 404
        assert ask(way_out, f"{own}/none")[0] == 404
        assert ask(way_out, "http://other.localhost/a%20b.css")[0] == 403
        assert ask(way_out, "/a%20b.css")[0] == 403
        assert isinstance(way_out.refusals[way_out.file_host], MediaNotFoundError)


def test_all_downloads_together_keep_the_limit_of_bytes():
    limits = MediaLimits(allow_urls=True, url_hosts=("127.0.0.1",), max_bytes=1000)
    with serving({"/": body(b"x" * 600)}) as server, opened(limits) as way_out:
        assert ask(way_out, f"{server.url}/")[1] == b"x" * 600
        assert way_out.too_much is None
        with pytest.raises(http.client.IncompleteRead):
            ask(way_out, f"{server.url}/")
        assert isinstance(way_out.too_much, MediaLimitError)


def test_a_server_that_is_not_there_is_remembered():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        with opened() as way_out:
            assert ask(way_out, f"http://{host}/")[0] == 502
            assert isinstance(way_out.refusals[host], MediaNotFoundError)
