"""URLs: off unless allowed, and then only public addresses, few hops, bounded time and bounded bytes.

    url -> allowed? -> resolve the host -> every address public? -> connect to that address -> status?
     ^                                                                                          |
     +------------------------------------ 3xx, at most max_redirects --------------------------+

The connection goes to the very address that was checked, so a name that resolves differently a moment later
(DNS rebinding) gains nothing; TLS still verifies the host name. Proxies from the environment are not used, since
a proxy would resolve the name anew. From ``https`` no redirect leads to ``http``. Bodies are asked for as they are:
a compressed one is refused, so that no few bytes become many. Only the standard library is involved.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import ssl
import time
from typing import Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from medialens.errors import (
    InputError,
    MediaAccessError,
    MediaDecodeError,
    MedialensError,
    MediaLimitError,
    MediaNotFoundError,
)
from medialens.media.access.connection import PORTS, ConnectTimeoutError, checked_connection
from medialens.media.access.files import too_many_bytes
from medialens.media.access.lookup import look_up
from medialens.media.limits import MediaLimits

_CHUNK_BYTES: Final = 64 * 1024
_OK: Final = 200
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_FORBIDDEN: Final = frozenset({401, 403, 407, 451})
_HEADERS: Final = {"User-Agent": "medialens", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")  # RFC 4291, 2.4: all else is special, or not given out
# What `is_global` lets through: protocol assignments, of which its older editions know a part (a cloud's metadata live
# there), and an address that is public by its number, but answered by the machine that hosts this one (Azure).
_SPECIAL: Final = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("168.63.129.16/32"))
_SHOWN_CHARACTERS: Final = 200
_SECRETS: Final = re.compile(r"[^\s'\"/]*@")  # a user and a password in the middle of a sentence

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def fetch_url(url: str, limits: MediaLimits) -> bytes:
    """What an ``http`` or ``https`` URL answers with.

    Raises:
        MediaAccessError: URLs are not allowed, or one on the way leads to an address that is not public.
        MediaNotFoundError: The host is unknown or refuses to talk, or answers with an error status.
        MediaLimitError: Too many bytes, redirects or seconds.
        MediaDecodeError: The answer is empty, compressed, or shorter than announced.
        InputError: Not a URL that can be fetched.
    """
    deadline = time.monotonic() + limits.total_timeout_seconds
    hop = url
    for _ in range(limits.max_redirects + 1):
        answer = _ask(hop, limits, deadline)
        if isinstance(answer, bytes):
            return answer
        hop = answer
    msg = f"{shown(url)} redirects more than {limits.max_redirects} times (MediaLimits.max_redirects)"
    raise MediaLimitError(
        msg, limit="max_redirects", value=limits.max_redirects + 1, maximum=limits.max_redirects, source=shown(url)
    )


def shown(url: str) -> str:
    """The URL as messages show it: without user, password and query, which may be secrets; short and printable."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"{url.partition('://')[0]:.20}://..."
    query = "?..." if parts.query else ""
    text = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    text = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
    return _printable(text) + query


def _why(error: Exception) -> str:
    """What an error says, which may be what a server sent, or the URL itself: short, printable and without secrets."""
    return _printable(_SECRETS.sub("", str(error)[:_SHOWN_CHARACTERS]))


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


def _ask(url: str, limits: MediaLimits, deadline: float) -> bytes | str:
    """The body, or the URL to go to instead."""
    parts = checked_url(url, limits)
    addresses = checked_addresses(url, parts, limits, deadline)
    connection = checked_connection(parts, addresses, limits, deadline)
    try:
        connection.request("GET", _target(parts), headers=_HEADERS)
        with connection.getresponse() as response:
            location = response.getheader("Location")
            if response.status in _REDIRECTS and location:
                return _next_hop(url, location)
            _check_status(url, response.status)
            return _body(url, response, limits)
    except MedialensError:
        raise
    except ConnectTimeoutError as error:
        raise _too_slow(url, limits, deadline, "connect_timeout_seconds") from error
    except TimeoutError as error:
        raise _too_slow(url, limits, deadline, "read_timeout_seconds") from error
    except ssl.SSLError as error:
        msg = f"{shown(url)} has no trustworthy certificate: {error}"
        raise MediaAccessError(msg, source=shown(url)) from error
    except http.client.IncompleteRead as error:
        msg = f"{shown(url)} broke off in the middle of its answer"
        raise MediaDecodeError(msg, source=shown(url)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        msg = f"{shown(url)} cannot be fetched: {type(error).__name__}: {_why(error)}"
        raise MediaNotFoundError(msg, source=shown(url)) from error
    finally:
        connection.close()


def checked_url(url: str, limits: MediaLimits) -> SplitResult:
    """The parts of a URL that may be asked for.

    Raises:
        MediaAccessError: URLs are not allowed, or not of this kind.
        InputError: It is no URL.
    """
    if not limits.allow_urls:
        msg = f"{shown(url)} is not fetched: URLs are off; turn them on with MediaLimits(allow_urls=True)"
        raise MediaAccessError(msg, source=shown(url))
    try:
        parts = urlsplit(url)
        usable = parts.scheme in PORTS and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError as error:
        msg = f"{shown(url)} is no URL: {_why(error)}"
        raise InputError(msg, source=shown(url)) from error
    if not usable:
        msg = f"{shown(url)} cannot be fetched; expected http://host/... or https://host/..."
        raise MediaAccessError(msg, source=shown(url))
    if parts.username is not None or parts.password is not None:
        msg = f"{shown(url)} carries a user name or password; fetch it yourself and pass the bytes"
        raise MediaAccessError(msg, source=shown(url))
    return parts


def _next_hop(url: str, location: str) -> str:
    hop = urljoin(url, location)
    if urlsplit(url).scheme == "https" and urlsplit(hop).scheme == "http":
        msg = f"{shown(url)} leads to {shown(hop)}, which anybody on the way may change; if that is wanted, ask for it"
        raise MediaAccessError(msg, source=shown(url))
    return hop


def checked_addresses(url: str, parts: SplitResult, limits: MediaLimits, deadline: float) -> list[tuple[str, int]]:
    """The addresses of the host, IP and port, after all of them were checked.

    Raises:
        MediaAccessError: One of them is not public, and the host is not listed.
        MediaNotFoundError: There is no such host.
        MediaLimitError: Looking it up takes too long.
    """
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    wait = min(limits.connect_timeout_seconds, deadline - time.monotonic())
    try:
        addresses = look_up(host, port, wait_seconds=wait)
    except TimeoutError as error:
        raise _too_slow(url, limits, deadline, "connect_timeout_seconds") from error
    except (OSError, UnicodeError) as error:
        msg = f"the host of {shown(url)} cannot be found: {_why(error)}"
        raise MediaNotFoundError(msg, source=shown(url)) from error
    listed = host.lower() in {name.lower().strip("[]") for name in limits.url_hosts}
    for address in addresses:
        if not listed and not is_public(address):
            msg = (
                f"{shown(url)} leads to {address}, which is not a public address; "
                f"if that is wanted, list the host: MediaLimits(url_hosts=({host!r:.100},))"
            )
            raise MediaAccessError(msg, source=shown(url), address=address)
    return [(address, port) for address in dict.fromkeys(addresses)]


def is_public(address: str) -> bool:
    """Whether an IP address is reachable from anywhere: not private, loopback, link-local, reserved or multicast.

    IPv6 addresses that carry an IPv4 address (mapped, 6to4, Teredo, NAT64) are judged by that one as well.
    """
    return all(map(_is_public, _with_embedded(ipaddress.ip_address(address.partition("%")[0]))))


def _is_public(ip: _Address) -> bool:
    if isinstance(ip, ipaddress.IPv6Address) and ip not in _GLOBAL_UNICAST:
        return ip in _NAT64
    return (
        ip.is_global and not ip.is_multicast and not ip.is_reserved and not any(ip in special for special in _SPECIAL)
    )


def _with_embedded(ip: _Address) -> list[_Address]:
    if isinstance(ip, ipaddress.IPv4Address):
        return [ip]
    if ip.ipv4_mapped:
        return [ip.ipv4_mapped]
    found: list[_Address] = [ip]
    if ip in _NAT64:
        found.append(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF))
    if ip.sixtofour:
        found.append(ip.sixtofour)
    if ip.teredo:
        found.extend(ip.teredo)
    return found


def _target(parts: SplitResult) -> str:
    # What a browser does with spaces and letters outside ASCII; a % that is there already stays as it is.
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    return f"{path}?{quote(parts.query, safe='/%:@!$&()*+,;=?-._~')}" if parts.query else path


def _check_status(url: str, status: int) -> None:
    if status == _OK:
        return
    reason = http.client.responses.get(status, "unknown status")
    msg = f"{shown(url)} answered {status} {reason}"
    kind = MediaAccessError if status in _FORBIDDEN else MediaNotFoundError
    raise kind(msg, source=shown(url), status=status)


def _check_plain(url: str, response: http.client.HTTPResponse) -> None:
    """Refuse what is packed: it was asked for as it is, and a few packed bytes may be very many."""
    for header, usual in (("Content-Encoding", "identity"), ("Transfer-Encoding", "chunked")):
        packed = response.getheader(header, usual).strip().lower()
        if packed not in {usual, ""}:
            msg = f"{shown(url)} answered with {header}: {packed!r:.80}, although it was asked for as it is"
            raise MediaDecodeError(msg, source=shown(url))


def _body(url: str, response: http.client.HTTPResponse, limits: MediaLimits) -> bytes:
    _check_plain(url, response)
    announced = response.length
    if announced is not None and announced > limits.max_bytes:
        raise too_many_bytes(shown(url), announced, limits)
    chunks, n_bytes = [], 0
    while chunk := response.read1(_CHUNK_BYTES):
        n_bytes += len(chunk)
        if n_bytes > limits.max_bytes:
            raise too_many_bytes(shown(url), n_bytes, limits)
        chunks.append(chunk)
    if n_bytes == 0 or (announced is not None and n_bytes < announced):
        msg = f"{shown(url)} gave {n_bytes} bytes; announced were {'some' if announced is None else announced}"
        raise MediaDecodeError(msg, source=shown(url))
    return b"".join(chunks)


def _too_slow(url: str, limits: MediaLimits, deadline: float, single: str) -> MediaLimitError:
    """That time ran out: that of the whole download, or that of a `single` step of it."""
    limit = "total_timeout_seconds" if time.monotonic() >= deadline else single
    maximum = getattr(limits, limit)
    msg = f"{shown(url)} did not answer in time ({limit}={maximum})"
    return MediaLimitError(msg, limit=limit, value=maximum, maximum=maximum, source=shown(url))
