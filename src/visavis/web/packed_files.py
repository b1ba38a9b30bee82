"""Files of the pages: packed where the browser takes that, and kept by it as long as they are the same."""

from os import PathLike, stat_result
from pathlib import Path
from typing import Final

from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Scope

_FOREVER: Final = "public, max-age=31536000, immutable"
_ASKED_FOR: Final = "no-cache"


class PackedFiles(StaticFiles):
    """Static files that the build may have left packed beside them, as ``NAME.gz``.

    What is in a folder ``vendor`` has its digest in its name, so browsers keep it; of all else they ask each time
    whether it is still the same.
    """

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """See ``StaticFiles``. The answer says by ``Vary`` that it depends on what the browser takes."""
        path = Path(full_path)
        packed = path.with_name(f"{path.name}.gz")
        is_packed = packed.is_file() and takes_gzip(Headers(scope=scope))
        answer = super().file_response(
            packed if is_packed else full_path, packed.stat() if is_packed else stat_result, scope, status_code
        )
        if is_packed and isinstance(answer, FileResponse):
            answer.headers["Content-Encoding"] = "gzip"
            answer.headers["Content-Type"] = FileResponse(full_path).headers["Content-Type"]
        answer.headers["Vary"] = "Accept-Encoding"
        answer.headers["Cache-Control"] = _FOREVER if path.parent.name == "vendor" else _ASKED_FOR
        return answer


def takes_gzip(headers: Headers) -> bool:
    """Whether ``Accept-Encoding`` has gzip, and does not refuse it with a weight of 0 (RFC 9110, 12.5.3)."""
    for one in headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = one.strip().partition(";")
        if name.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
