"""URLs: off unless allowed, and then only public addresses, few hops, bounded time and bounded bytes.

    url -> allowed? -> resolve the host -> every address public? -> connect to that address -> status?
     ^                                                                                          |
     +------------------------------------ 3xx, at most max_redirects --------------------------+

The connection goes to the very address that was checked, so a name that resolves differently a moment later
(DNS rebinding) gains nothing; TLS still verifies the host name. Proxies from the environment are not used, since
a proxy would resolve the name anew. Only the standard library is involved.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
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
from medialens.media.connection import PORTS, checked_connection
from medialens.media.files import too_many_bytes
from medialens.media.limits import MediaLimits

_CHUNK_BYTES: Final = 64 * 1024
_OK: Final = 200
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_FORBIDDEN: Final = frozenset({401, 403, 407, 451})
_HEADERS: Final = {"User-Agent": "medialens", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def fetch_url(url: str, limits: MediaLimits) -> bytes:
    """What an ``http`` or ``https`` URL answers with.

    Raises:
        MediaAccessError: URLs are not allowed, or one on the way leads to an address that is not public.
        MediaNotFoundError: The host is unknown or does not answer, or answers with an error status.
        MediaLimitError: Too many bytes, redirects or seconds.
        MediaDecodeError: The answer is empty or shorter than announced.
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
    """The URL as messages show it: without user, password and query, which may be secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"{url.partition('://')[0]}://..."
    query = "?..." if parts.query else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{query}"


def _ask(url: str, limits: MediaLimits, deadline: float) -> bytes | str:
    """The body, or the URL to go to instead."""
    parts = _checked_url(url, limits)
    address = _checked_address(url, parts, limits)
    connection = checked_connection(parts, address, limits, deadline)
    try:
        connection.request("GET", _target(parts), headers=_HEADERS)
        with connection.getresponse() as response:
            location = response.getheader("Location")
            if response.status in _REDIRECTS and location:
                return urljoin(url, location)
            _check_status(url, response.status)
            return _body(url, response, limits)
    except MedialensError:
        raise
    except TimeoutError as error:
        raise _too_slow(url, limits, deadline) from error
    except ssl.SSLError as error:
        msg = f"{shown(url)} has no trustworthy certificate: {error}"
        raise MediaAccessError(msg, source=shown(url)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        msg = f"{shown(url)} cannot be fetched: {type(error).__name__}: {error}"
        raise MediaNotFoundError(msg, source=shown(url)) from error
    finally:
        connection.close()


def _checked_url(url: str, limits: MediaLimits) -> SplitResult:
    if not limits.allow_urls:
        msg = f"{shown(url)} is not fetched: URLs are off; turn them on with MediaLimits(allow_urls=True)"
        raise MediaAccessError(msg, source=shown(url))
    try:
        parts = urlsplit(url)
        usable = parts.scheme in PORTS and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError as error:
        msg = f"{url!r:.200} is no URL: {error}"
        raise InputError(msg, source=url) from error
    if not usable:
        msg = f"{shown(url)} cannot be fetched; expected http://host/... or https://host/..."
        raise MediaAccessError(msg, source=shown(url))
    if parts.username is not None or parts.password is not None:
        msg = f"{shown(url)} carries a user name or password; fetch it yourself and pass the bytes"
        raise MediaAccessError(msg, source=shown(url))
    return parts


def _checked_address(url: str, parts: SplitResult, limits: MediaLimits) -> tuple[str, int]:
    """One address of the host, after all of them were checked."""
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        msg = f"the host of {shown(url)} cannot be found: {error}"
        raise MediaNotFoundError(msg, source=shown(url)) from error
    addresses = [str(entry[4][0]) for entry in found]
    listed = host.lower() in {name.lower().strip("[]") for name in limits.url_hosts}
    for address in addresses:
        if not listed and not is_public(address):
            msg = (
                f"{shown(url)} leads to {address}, which is not a public address; "
                f"if that is wanted, list the host: MediaLimits(url_hosts=({host!r},))"
            )
            raise MediaAccessError(msg, source=shown(url), address=address)
    return addresses[0], port


def is_public(address: str) -> bool:
    """Whether an IP address is reachable from anywhere: not private, loopback, link-local, reserved or multicast.

    IPv6 addresses that carry an IPv4 address (mapped, 6to4, Teredo, NAT64) are judged by that one as well.
    """
    return all(
        (ip.is_global and not ip.is_multicast and not ip.is_reserved) or ip in _NAT64
        for ip in _with_embedded(ipaddress.ip_address(address.partition("%")[0]))
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


def _body(url: str, response: http.client.HTTPResponse, limits: MediaLimits) -> bytes:
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


def _too_slow(url: str, limits: MediaLimits, deadline: float) -> MediaLimitError:
    total = time.monotonic() >= deadline
    limit = "total_timeout_seconds" if total else "read_timeout_seconds"
    maximum = limits.total_timeout_seconds if total else limits.read_timeout_seconds
    msg = f"{shown(url)} did not answer in time ({limit}={maximum})"
    return MediaLimitError(msg, limit=limit, value=maximum, maximum=maximum, source=shown(url))
