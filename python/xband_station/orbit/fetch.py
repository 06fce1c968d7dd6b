# SPDX-License-Identifier: GPL-3.0-or-later
"""One polite request over HTTP: conditional, limited in size and time, and obedient to what the server says.

Source: RFC 9110, 13.1 (conditional requests), 10.2.3 (Retry-After), 15.4.2 and 15.5.4 (301, 403).
"""

from __future__ import annotations

import email.utils
import http.client
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import IO

from xband_core.errors import XbandError
from xband_station import __version__

_CHUNK_BYTES = 65536
_USER_AGENT = f"gr-xband/{__version__} (satellite ground station)"
# Who shuts us out is left alone for a day, and until somebody has looked at the log.
_SHUT_OUT_WAIT = timedelta(days=1)
_MAX_RETRY_AFTER = timedelta(days=7)
_PERMANENT = (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT)
_SHUT_OUT = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.GONE)


@dataclass(frozen=True)
class Answer:
    """content: None if nothing has changed since the data that were asked about."""

    content: bytes | None
    etag: str | None = None
    last_modified: str | None = None


class FetchError(XbandError):
    """No data. not_before: the server does not want to be asked earlier; is_suspended: not again at this address."""

    def __init__(self, reason: str, not_before: datetime | None = None, is_suspended: bool = False) -> None:
        super().__init__(reason)
        self.not_before = not_before
        self.is_suspended = is_suspended


class _NoPermanentRedirect(urllib.request.HTTPRedirectHandler):
    """Temporary redirects are followed; a permanent one is for the operator, who must change the station file."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:  # fmt: skip
        if code in _PERMANENT:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(
    url: str, now: datetime, timeout_s: float, limit_bytes: int, etag: str | None, last_modified: str | None
) -> Answer:
    """Asks once. Raises FetchError with the reason in words."""
    headers = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    opener = urllib.request.build_opener(_NoPermanentRedirect())
    deadline_s = time.monotonic() + timeout_s
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=timeout_s) as response:
            content = _read(response, deadline_s, timeout_s, limit_bytes)
            return Answer(content, response.headers.get("ETag"), response.headers.get("Last-Modified"))
    except urllib.error.HTTPError as error:
        with error:
            if error.code == HTTPStatus.NOT_MODIFIED:
                return Answer(None, etag, last_modified)
            raise _refusal(error, now) from None
    except urllib.error.URLError as error:
        reason = f"no answer within {timeout_s:g} s" if isinstance(error.reason, TimeoutError) else str(error.reason)
        raise FetchError(f"cannot be reached: {reason}") from None
    except TimeoutError:
        raise FetchError(f"no answer within {timeout_s:g} s") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError(f"broken answer: {error!r}") from None


def _read(response: http.client.HTTPResponse, deadline_s: float, timeout_s: float, limit_bytes: int) -> bytes:
    """The whole body; the deadline is for all of it, so that one octet a second does not hold us for hours."""
    content = b""
    while chunk := response.read1(_CHUNK_BYTES):
        content += chunk
        if len(content) > limit_bytes:
            raise FetchError(f"answer is larger than {limit_bytes} bytes")
        if time.monotonic() > deadline_s:
            raise FetchError(f"answer is not complete after {timeout_s:g} s")
    promised = response.headers.get("Content-Length", "")
    if promised.isdigit() and len(content) != int(promised):
        raise FetchError(f"answer is truncated: {len(content)} of {promised} bytes")
    return content


def _refusal(error: urllib.error.HTTPError, now: datetime) -> FetchError:
    reason = f"HTTP {error.code} {error.reason}"
    if error.code in _PERMANENT:
        where = error.headers.get("Location", "an address that it does not tell")
        return FetchError(f"{reason}: moved for good to {where}; change the station file", is_suspended=True)
    wait = _retry_after(error.headers.get("Retry-After"), now)
    if error.code in _SHUT_OUT:
        return FetchError(f"{reason}: shut out", now + max(wait or _SHUT_OUT_WAIT, _SHUT_OUT_WAIT))
    return FetchError(reason, now + wait if wait else None)


def _retry_after(raw: str | None, now: datetime) -> timedelta | None:
    """Seconds or a date; None if it is neither. At most a week, whatever it says."""
    if raw is None:
        return None
    if raw.strip().isdigit():
        return timedelta(seconds=min(int(raw.strip()[:9]), _MAX_RETRY_AFTER.total_seconds()))
    try:
        until = email.utils.parsedate_to_datetime(raw)
    except (ValueError, OverflowError):
        return None
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return min(max(until - now, timedelta(0)), _MAX_RETRY_AFTER)
