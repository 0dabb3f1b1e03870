import gzip
import socket
import threading
import time

import pytest
from tests.media.loopback import CERTIFICATE, body, redirect, serving

from medialens.errors import InputError, MediaAccessError, MediaDecodeError, MediaLimitError, MediaNotFoundError
from medialens.media.access.fetch import fetch_url, is_public, shown
from medialens.media.limits import MediaLimits

OPEN = MediaLimits(allow_urls=True, url_hosts=("127.0.0.1", "localhost"))


def limits(**fields):
    return MediaLimits(**({"allow_urls": True, "url_hosts": ("127.0.0.1",)} | fields))


def test_the_body_of_an_answer():
    with serving({"/a.png": body(b"picture")}) as server:
        assert fetch_url(f"{server.url}/a.png", OPEN) == b"picture"
        assert fetch_url(f"{server.url}/a.png#fragment", OPEN) == b"picture"


def test_a_body_without_announced_length_and_one_in_chunks():
    def chunked(request):
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        request.wfile.write(b"4\r\npict\r\n3\r\nure\r\n0\r\n\r\n")

    with serving({"/plain": body(b"picture", content_length=""), "/chunked": chunked}) as server:
        assert fetch_url(f"{server.url}/plain", OPEN) == b"picture"
        assert fetch_url(f"{server.url}/chunked", OPEN) == b"picture"


def test_spaces_letters_and_queries_are_asked_for_as_browsers_do():
    paths = {"/with%20space%20%C3%BC.png?q=a%20b&c=%2F": body(b"1"), "/a%20b": body(b"2"), "/": body(b"3")}
    with serving(paths) as server:
        assert fetch_url(f"{server.url}/with space ü.png?q=a b&c=%2F", OPEN) == b"1"
        assert fetch_url(f"{server.url}/a%20b", OPEN) == b"2"
        assert fetch_url(server.url, OPEN) == b"3"


# Not allowed ------------------------------------------------------------------------------------------------------


def test_nothing_is_fetched_unless_urls_are_allowed():
    with serving({}) as server:
        with pytest.raises(MediaAccessError, match="allow_urls=True"):
            fetch_url(f"{server.url}/a.png", limits(allow_urls=False))
        assert server.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]"])
def test_the_own_machine_is_refused_however_it_is_spelled(host):
    with serving({"/": body(b"secret")}) as server:
        with pytest.raises((MediaAccessError, MediaNotFoundError)) as caught:
            fetch_url(f"http://{host}:{server.server_port}/", limits(url_hosts=()))
        assert "not a public address" in str(caught.value) or "cannot be found" in str(caught.value)
        assert server.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104  # nothing is bound to it
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.1.2.3",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "ff02::1",
        "2001:db8::1",
        "168.63.129.16",
        "192.0.0.192",
        "100.100.100.200",
        "fd00:ec2::254",
        "fec0::1",
        "64:ff9b:1::7f00:1",
        "64:ff9b:1::a9fe:a9fe",
        "::7f00:1",
        "5f00::1",
    ],
)
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_that_are_public(address):
    assert is_public(address)


@pytest.fixture
def resolving(monkeypatch):
    """Names resolve as the test says; connections are noted, not made."""
    names: dict[str, list[str]] = {}
    connected: list[tuple[str, int]] = []

    def getaddrinfo(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in names[host]]

    def create_connection(address, timeout):
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket, "create_connection", create_connection)
    return names, connected


def test_one_private_address_among_public_ones_is_enough_to_refuse(resolving):
    names, connected = resolving
    names["mixed.example"] = ["93.184.216.34", "10.0.0.1"]
    with pytest.raises(MediaAccessError, match=r"10\.0\.0\.1"):
        fetch_url("http://mixed.example/a.png", limits())
    assert connected == []


def test_the_connection_goes_to_the_address_that_was_checked(resolving):
    names, connected = resolving
    names["rebinding.example"] = ["93.184.216.34"]

    class Once(list):
        def __iter__(self):  # the second time the name is looked up, it is another address
            found, self[:] = list(self[:]), ["127.0.0.1"]
            return iter(found)

    names["rebinding.example"] = Once(["93.184.216.34"])
    with pytest.raises(MediaNotFoundError):
        fetch_url("http://rebinding.example/a.png", limits())
    assert connected == [("93.184.216.34", 80)]


def test_the_next_address_is_tried_where_one_does_not_take_the_connection(resolving):
    names, connected = resolving
    names["two.example"] = ["93.184.216.34", "8.8.8.8", "8.8.8.8"]
    with pytest.raises(MediaNotFoundError, match="ConnectionRefusedError"):
        fetch_url("http://two.example/a.png", limits())
    assert connected == [("93.184.216.34", 80), ("8.8.8.8", 80)]


def test_what_a_server_says_instead_of_an_answer_is_told_short_and_printable():
    def babble(request):
        request.wfile.write(b"\x1b[31m\x00\x07 hello " + b"x" * 60_000 + b"\r\n\r\n")
        request.close_connection = True

    with serving({"/": babble}) as server, pytest.raises(MediaNotFoundError, match="BadStatusLine") as caught:
        fetch_url(server.url, OPEN)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_a_look_up_that_hangs_meets_the_time_to_connect(monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: done.wait(60) and [])
    with pytest.raises(MediaLimitError, match="connect_timeout_seconds") as caught:
        fetch_url("http://hanging.example/a.png", limits(connect_timeout_seconds=0.1))
    with pytest.raises(MediaLimitError, match="total_timeout_seconds"):
        fetch_url("http://hanging.example/a.png", limits(total_timeout_seconds=0.1))
    done.set()
    assert caught.value.limit == "connect_timeout_seconds"


def test_a_listed_host_may_be_private_others_may_not(resolving):
    names, connected = resolving
    names |= {"media.internal": ["10.0.0.1"], "other.internal": ["10.0.0.1"]}
    with pytest.raises(MediaNotFoundError):  # it got as far as connecting
        fetch_url("https://Media.Internal/a.png", limits(url_hosts=("MEDIA.internal",)))
    assert connected == [("10.0.0.1", 443)]
    with pytest.raises(MediaAccessError):
        fetch_url("https://other.internal/a.png", limits(url_hosts=("media.internal",)))


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("ftp://example.com/a", MediaAccessError),
        ("file:///etc/passwd", MediaAccessError),
        ("gopher://example.com/", MediaAccessError),
        ("http:///a.png", MediaAccessError),
        ("http://user:hunter2@example.com/", MediaAccessError),
        ("http://user:hunter2@example.com:99999/", InputError),
        ("http://user:hunter2@[oops/?token=hunter2", InputError),
        ("http://[oops/", InputError),
        ("http://user:hunter2@\u2100.example/", InputError),
        ("http://exa\nmple.com\r\nHost: evil/", InputError),
        (f"http://{'x' * 70}.example/", MediaNotFoundError),
    ],
)
def test_urls_that_cannot_be_fetched(url, error):
    with pytest.raises(error) as caught:
        fetch_url(url, limits())
    assert "hunter2" not in str(caught.value) + repr(caught.value.facts)
    with pytest.raises(MediaAccessError, match="allow_urls=True"):
        fetch_url(url, MediaLimits())


def test_messages_show_no_secrets():
    assert shown("https://me:pw@example.com:8/a/b.png?token=abc#x") == "https://example.com:8/a/b.png?..."
    with serving({"/a?token=abc": body(b"", status=404)}) as server:
        with pytest.raises(MediaNotFoundError) as caught:
            fetch_url(f"{server.url}/a?token=abc", OPEN)
        assert "abc" not in str(caught.value)


def test_messages_are_short_and_printable():
    assert shown("http://h/\x1b[31m" + "x" * 10_000).startswith("http://h/?[31mxxx")
    assert len(shown("http://h/" + "x" * 10_000)) < 250


def test_proxies_of_the_environment_are_not_asked(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    with serving({"/a": body(b"picture")}) as server:
        assert fetch_url(f"{server.url}/a", OPEN) == b"picture"


# Redirects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status):
    with serving({"/a/b": redirect("../c", status), "/c": body(b"there")}) as server:
        assert fetch_url(f"{server.url}/a/b", OPEN) == b"there"


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://10.0.0.1/", "//192.168.0.1/x", "http://0/"],
)
def test_a_redirect_to_a_private_address_is_refused(target):
    with serving({"/a": redirect(target)}) as server, pytest.raises(MediaAccessError, match="not a public address"):
        fetch_url(f"{server.url}/a", OPEN)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.com/a", "data:,x"])
def test_a_redirect_to_another_scheme_is_refused(target):
    with serving({"/a": redirect(target)}) as server, pytest.raises(MediaAccessError):
        fetch_url(f"{server.url}/a", OPEN)


def test_a_redirect_tells_no_secrets():
    secretive = redirect("http://me:hunter2@example.com/?token=hunter2")
    with serving({"/a": secretive}) as server, pytest.raises(MediaAccessError, match="carries a user name") as caught:
        fetch_url(f"{server.url}/a", OPEN)
    assert "hunter2" not in str(caught.value)


def test_a_redirect_to_a_host_that_is_not_listed_is_checked_anew():
    with (
        serving({"/b": body(b"secret")}) as inner,
        serving({"/a": redirect(f"http://localhost:{inner.server_port}/b")}) as outer,
    ):
        with pytest.raises(MediaAccessError, match="not a public address"):
            fetch_url(f"{outer.url}/a", limits())
        assert fetch_url(f"{outer.url}/a", OPEN) == b"secret"
        assert inner.asked == ["/b"]


def test_redirects_lead_from_http_to_https_and_not_back(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with serving({"/b": body(b"open")}) as plain, serving({"/b": body(b"secured")}, tls=True) as secured:
        plain.answers["/a"] = redirect(f"https://localhost:{secured.server_port}/b")
        secured.answers["/a"] = redirect(f"http://localhost:{plain.server_port}/b")
        assert fetch_url(f"{plain.url}/a", OPEN) == b"secured"
        with pytest.raises(MediaAccessError, match="anybody on the way"):
            fetch_url(f"https://localhost:{secured.server_port}/a", OPEN)
        assert plain.asked == ["/a"]


def test_a_redirect_loop_ends():
    with serving({"/a": redirect("/b"), "/b": redirect("/a")}) as server:
        with pytest.raises(MediaLimitError, match="max_redirects") as caught:
            fetch_url(f"{server.url}/a", limits(max_redirects=3))
        assert server.asked == ["/a", "/b", "/a", "/b"]
    assert caught.value.maximum == 3


def test_as_many_redirects_as_allowed():
    answers = {f"/{hop}": redirect(f"/{hop + 1}") for hop in range(3)} | {"/3": body(b"there")}
    with serving(answers) as server:
        assert fetch_url(f"{server.url}/0", limits(max_redirects=3)) == b"there"
        with pytest.raises(MediaLimitError):
            fetch_url(f"{server.url}/0", limits(max_redirects=2))


# Answers that are no good -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [(status, MediaNotFoundError) for status in (204, 206, 304, 404, 410, 500, 503)]
    + [(status, MediaAccessError) for status in (401, 403, 451)],
)
def test_error_statuses(status, error):
    with serving({"/a": body(b"not a picture" if status not in {204, 304} else b"", status=status)}) as server:
        with pytest.raises(error, match=str(status)) as caught:
            fetch_url(f"{server.url}/a", OPEN)
        assert caught.value.status == status


def test_a_redirect_to_nowhere():
    with serving({"/a": body(b"", status=302)}) as server, pytest.raises(MediaNotFoundError, match="302"):
        fetch_url(f"{server.url}/a", OPEN)


def test_a_body_larger_than_allowed_is_not_even_begun():
    def announce(request):
        request.send_response(200)
        request.send_header("Content-Length", "10000000000")
        request.end_headers()

    with serving({"/a": announce}) as server, pytest.raises(MediaLimitError, match="max_bytes") as caught:
        fetch_url(f"{server.url}/a", OPEN)
    assert caught.value.value == 10**10


def test_an_endless_body_is_cut():
    stopped = threading.Event()

    def endless(request):
        request.send_response(200)
        request.end_headers()
        try:
            while True:
                request.wfile.write(b"x" * 10_000)
        except OSError:
            stopped.set()

    with serving({"/a": endless}) as server:
        with pytest.raises(MediaLimitError, match="max_bytes"):
            fetch_url(f"{server.url}/a", limits(max_bytes=100_000))
        assert stopped.wait(10)  # the connection was closed


def test_a_body_shorter_than_announced():
    with serving({"/a": body(b"half", content_length="8")}) as server, pytest.raises(MediaDecodeError, match="4 bytes"):
        fetch_url(f"{server.url}/a", OPEN)


def test_a_body_longer_than_announced_ends_where_it_was_announced_to():
    with serving({"/a": body(b"picture and more", content_length="7")}) as server:
        assert fetch_url(f"{server.url}/a", OPEN) == b"picture"


def test_an_empty_body():
    with serving({"/a": body(b"")}) as server, pytest.raises(MediaDecodeError, match="0 bytes"):
        fetch_url(f"{server.url}/a", OPEN)


def test_a_server_that_accepts_and_never_answers():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(MediaLimitError, match="read_timeout_seconds") as caught:
            fetch_url(url, limits(read_timeout_seconds=0.1))
        assert caught.value.limit == "read_timeout_seconds"


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_server_that_drips_meets_the_total_time(part):
    done = threading.Event()

    def drip(request):
        request.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if part == "body" else b"X: "))
        while not done.wait(0.02):
            request.wfile.write(b"x")

    with serving({"/a": drip}) as server:
        with pytest.raises(MediaLimitError, match="total_timeout_seconds"):
            fetch_url(f"{server.url}/a", limits(read_timeout_seconds=5, total_timeout_seconds=0.3))
        done.set()


def test_the_total_time_spans_all_redirects():
    def slow(request):
        time.sleep(0.1)
        redirect("/a")(request)

    with serving({"/a": slow}) as server, pytest.raises(MediaLimitError, match="total_timeout_seconds"):
        fetch_url(f"{server.url}/a", limits(max_redirects=1000, total_timeout_seconds=0.3))


@pytest.mark.parametrize("packing", ["gzip", "deflate", "br", "zstd", "gzip, identity"])
def test_a_packed_body_is_refused_unread(packing):
    bomb = gzip.compress(bytes(10**7))
    with serving({"/a": body(bomb, content_encoding=packing)}) as server:
        with pytest.raises(MediaDecodeError, match="Content-Encoding"):
            fetch_url(f"{server.url}/a", OPEN)
        assert server.headers["Accept-Encoding"] == "identity"
        server.answers["/a"] = body(bomb, transfer_encoding="gzip, chunked", content_length="")
        with pytest.raises(MediaDecodeError, match="Transfer-Encoding"):
            fetch_url(f"{server.url}/a", OPEN)
        server.answers["/a"] = body(b"picture", content_encoding="Identity")
        assert fetch_url(f"{server.url}/a", OPEN) == b"picture"


def _written(*pieces: bytes):
    def answer(request):
        for piece in pieces:
            request.wfile.write(piece)

    return answer


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (_written(HEAD, b"X: " + b"x" * 70_000 + b"\r\n\r\nbody"), MediaNotFoundError),
        (_written(HEAD, b"".join(b"X-%d: 1\r\n" % at for at in range(1000)), b"\r\nbody"), MediaNotFoundError),
        (_written(b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\nbody"), MediaNotFoundError),
        (_written(HEAD, b"Transfer-Encoding: chunked\r\n\r\n8\r\nhalf"), MediaDecodeError),
        (_written(HEAD, b"Transfer-Encoding: chunked\r\n\r\nnot a number\r\nbody"), MediaDecodeError),
        (_written(HEAD, b"Transfer-Encoding: chunked\r\n\r\n-5\r\nbody"), MediaDecodeError),
        (_written(HEAD, b"Content-Length: 9\r\n\r\nhalf"), MediaDecodeError),
    ],
    ids=["long-header", "many-headers", "long-status", "cut-chunk", "no-chunk", "negative-chunk", "short"],
)
def test_answers_that_break_the_rules(answer, error):
    with serving({"/a": answer}) as server, pytest.raises(error, match="/a "):
        fetch_url(f"{server.url}/a", OPEN)


@pytest.mark.parametrize("length", ["-1", "many", "0x10"])
def test_a_length_that_is_none_is_not_believed(length):
    with serving({"/a": body(b"picture", content_length=length)}) as server:
        assert fetch_url(f"{server.url}/a", OPEN) == b"picture"
        with pytest.raises(MediaLimitError, match="max_bytes"):
            fetch_url(f"{server.url}/a", limits(max_bytes=5))


@pytest.mark.parametrize("piece", [b"1\r\nx\r\n", b"1;" + b"e" * 1000 + b"\r\nx\r\n"], ids=["bytes", "extensions"])
def test_a_chunked_body_without_end_is_cut(piece):
    def endless(request):
        request.wfile.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            request.wfile.write(piece * 100)

    with serving({"/a": endless}) as server, pytest.raises(MediaLimitError, match="max_bytes"):
        fetch_url(f"{server.url}/a", limits(max_bytes=5000))


@pytest.mark.parametrize(
    "piece", [b"HTTP/1.1 100 Continue\r\n\r\n", b"0\r\n" + b"X: 1\r\n" * 50], ids=["continue", "trailers"]
)
def test_what_never_gets_to_the_point_meets_the_total_time(piece):
    def endless(request):
        start = b"" if piece.startswith(b"HTTP") else HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
        request.wfile.write(start + piece)
        while True:
            request.wfile.write(piece if not start else b"X: 1\r\n" * 50)

    with serving({"/a": endless}) as server, pytest.raises(MediaLimitError, match="total_timeout_seconds"):
        fetch_url(f"{server.url}/a", limits(total_timeout_seconds=0.5))


def test_a_handshake_that_never_comes_meets_the_time_to_connect():
    mute = socket.create_server(("127.0.0.1", 0))  # it takes the connection, and says nothing
    with mute, pytest.raises(MediaLimitError, match="connect_timeout_seconds"):
        fetch_url(f"https://127.0.0.1:{mute.getsockname()[1]}/", limits(connect_timeout_seconds=0.2))


def test_a_server_that_is_not_there():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(MediaNotFoundError, match="refused"):
        fetch_url(f"http://127.0.0.1:{port}/", OPEN)


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" * 300])
def test_a_server_that_does_not_speak_http(answer):
    def speak(request):
        request.wfile.write(answer)

    with serving({"/a": speak}) as server, pytest.raises(MediaNotFoundError, match="cannot be fetched"):
        fetch_url(f"{server.url}/a", OPEN)


# TLS --------------------------------------------------------------------------------------------------------------


def test_a_certificate_that_nobody_vouches_for_is_refused():
    with serving({"/a": body(b"x")}, tls=True) as server:
        with pytest.raises(MediaAccessError, match="certificate"):
            fetch_url(f"https://localhost:{server.server_port}/a", OPEN)
        assert server.asked == []


def test_the_host_name_is_verified_although_the_address_is_connected_to(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))  # the certificate says localhost
    with serving({"/a": body(b"picture")}, tls=True) as server:
        assert fetch_url(f"https://localhost:{server.server_port}/a", OPEN) == b"picture"
        with pytest.raises(MediaAccessError, match="certificate"):
            fetch_url(f"https://127.0.0.1:{server.server_port}/a", OPEN)
        assert server.asked == ["/a"]
